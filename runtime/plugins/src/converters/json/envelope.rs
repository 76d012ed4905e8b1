//! `{"schema": …, "payload": …}`, read in one pass; a schema's text is understood once and recognised afterwards.
use std::collections::VecDeque;
use std::sync::Arc;

use longshore_api::data::{ByteString, Schema, SchemaAndValue};
use longshore_api::error::{ConnectError, Result};

use super::decode::Decoder;
use super::names::Names;
use super::node::Node;
use super::reader::{Malformed, Reader};
use super::schema::read_schema;

/// Schemas by the text they were read from, most recently used first, at most `capacity`.
pub(super) struct SchemaTexts {
    capacity: usize,
    known: VecDeque<KnownText>,
}

/// A schema's text, and the schema; null has one too.
type KnownText = (Box<[u8]>, Option<Arc<Schema>>);

/// What stood under `schema`: a schema known by its text, or one to be read.
enum Found {
    Known(Option<Arc<Schema>>),
    New { node: Node, text: Box<[u8]> },
}

impl SchemaTexts {
    /// An empty memory.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), known: VecDeque::new() }
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// Data: malformed JSON is left to `malformed`, everything else says what does not fit.
    pub(super) fn read(
        &mut self,
        decoder: &Decoder,
        text: &ByteString,
        names: &mut Names,
        malformed: impl Fn(Box<Malformed>) -> ConnectError,
    ) -> Result<SchemaAndValue> {
        let mut reader = Reader::new(text).knowing(names);
        let (mut schema, mut payload, mut others) = (None, None, false);
        if reader.next_token() != Some(b'{') {
            // Malformed text is told as such; anything else is no envelope.
            reader.root::<Node>().map_err(malformed)?;
            return Err(no_envelope());
        }
        let read = reader.members(|reader, name| {
            match &*name {
                "schema" => {
                    reader.next_token();
                    if let Some(known) = self.recognise(reader) {
                        schema = Some(Found::Known(known));
                        return Ok(());
                    }
                    let start = reader.position();
                    let node = reader.next_value()?;
                    schema = Some(Found::New { node, text: text.as_bytes()[start..reader.position()].into() });
                }
                "payload" => payload = Some(reader.next_value::<Node>()?),
                _ => {
                    reader.next_value::<Node>()?;
                    others = true;
                }
            }
            Ok(())
        });
        read.map_err(malformed)?;
        let (Some(schema), Some(payload), false) = (schema, payload, others) else { return Err(no_envelope()) };
        let schema = match schema {
            Found::Known(schema) => schema,
            Found::New { node, text } => {
                let schema = read_schema(decoder, &node)?;
                self.remember(text, &schema);
                schema
            }
        };
        let value = decoder.convert(schema.as_ref(), payload)?;
        Ok(SchemaAndValue { schema, value })
    }

    /// Goes over the text of a schema that is known. A schema's text ends with a brace, so no longer one can begin
    /// with it.
    fn recognise(&mut self, reader: &mut Reader<'_>) -> Option<Option<Arc<Schema>>> {
        const LOOKED_AT: usize = 16;
        let at = self.known.iter().take(LOOKED_AT).position(|(text, _)| reader.skip(text))?;
        if at > 0 {
            let entry = self.known.remove(at)?;
            self.known.push_front(entry);
        }
        self.known.front().map(|(_, schema)| schema.clone())
    }

    fn remember(&mut self, text: Box<[u8]>, schema: &Option<Arc<Schema>>) {
        if text.last() != Some(&b'}') {
            return;
        }
        // The same schema may have been read before and have been out of sight: one entry, one address.
        self.known.retain(|(known, _)| *known != text);
        self.known.truncate(self.capacity - 1);
        self.known.push_front((text, schema.clone()));
    }
}

fn no_envelope() -> ConnectError {
    ConnectError::data(
        "the message is no object with \"schema\" and \"payload\" and nothing else, as the JSON converter needs it \
         with schemas.enable=true; set schemas.enable=false to read plain JSON",
    )
}
