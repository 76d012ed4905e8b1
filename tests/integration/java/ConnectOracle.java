import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Asks Kafka Connect's own converters, transformations and predicates.
 *
 * <p>Reads one JSON request a line from the first file and writes one JSON answer a line to the second. Schemas and
 * values travel in a form that loses nothing: see {@code schema} and {@code value} below. An exception is the answer
 * {"error": "…"}.
 */
@SuppressWarnings({"unchecked", "rawtypes"})
public class ConnectOracle {
    static final JsonNodeFactory NODES = JsonNodeFactory.withExactBigDecimals(true);
    static final Map<String, Object> INSTANCES = new HashMap<>();

    public static void main(String[] files) throws Exception {
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader in = Files.newBufferedReader(Path.of(files[0]));
             OutputStream out = new BufferedOutputStream(Files.newOutputStream(Path.of(files[1])))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                ObjectNode answer = NODES.objectNode();
                try {
                    answer(json.readTree(line), answer);
                } catch (Throwable error) {
                    answer.removeAll();
                    answer.put("error", error.getClass().getSimpleName() + ": " + error.getMessage());
                }
                // Half a surrogate pair becomes a question mark; a writer would refuse it.
                out.write((json.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    static void answer(JsonNode ask, ObjectNode answer) throws Exception {
        switch (ask.get("op").textValue()) {
            case "write" -> {
                Schema schema = schema(ask.get("schema"));
                answer.put("bytes", write(ask, schema, value(schema, ask.get("value"))));
            }
            case "read" -> put(answer, read(ask));
            case "read-print" -> answer.put("text", base64(String.valueOf(read(ask).value())));
            case "print" -> answer.put("text", base64(String.valueOf(value(schema(ask.get("schema")), ask.get("value")))));
            case "doubles" -> {
                ArrayNode texts = answer.putArray("texts");
                ask.get("bits").forEach(bits -> texts.add(Double.toString(Double.longBitsToDouble(bits.longValue()))));
            }
            case "floats" -> {
                ArrayNode texts = answer.putArray("texts");
                ask.get("bits").forEach(bits -> texts.add(Float.toString(Float.intBitsToFloat(bits.intValue()))));
            }
            case "transform" -> {
                Transformation smt = (Transformation) instance(ask, null);
                ConnectRecord<?> changed = smt.apply(record(ask.get("record")));
                answer.set("record", changed == null ? NODES.nullNode() : record(changed));
            }
            case "test" -> answer.put("answer", ((Predicate) instance(ask, null)).test(record(ask.get("record"))));
            default -> throw new IllegalArgumentException("unknown op");
        }
    }

    // ---- instances, one per class and configuration, as a worker keeps them

    static Object instance(JsonNode ask, String role) throws Exception {
        String id = role + ask.get("class") + ask.get("config");
        Object known = INSTANCES.get(id);
        if (known != null) return known;
        Object made = Class.forName(ask.get("class").textValue()).getDeclaredConstructor().newInstance();
        Map<String, String> config = new LinkedHashMap<>();
        ask.get("config").fields().forEachRemaining(e -> config.put(e.getKey(), e.getValue().textValue()));
        if ("header".equals(role)) {
            config.put("converter.type", "header");
            ((HeaderConverter) made).configure(config);
        } else if (role != null) {
            ((Converter) made).configure(config, false);
        } else {
            ((Configurable) made).configure(config);
        }
        INSTANCES.put(id, made);
        return made;
    }

    static String write(JsonNode ask, Schema schema, Object value) throws Exception {
        byte[] bytes = ask.path("header").booleanValue()
            ? ((HeaderConverter) instance(ask, "header")).fromConnectHeader("t", "h", schema, value)
            : ((Converter) instance(ask, "value")).fromConnectData("t", schema, value);
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    static SchemaAndValue read(JsonNode ask) throws Exception {
        byte[] bytes = ask.get("bytes").isNull() ? null : Base64.getDecoder().decode(ask.get("bytes").textValue());
        SchemaAndValue read = ask.path("header").booleanValue()
            ? ((HeaderConverter) instance(ask, "header")).toConnectHeader("t", "h", bytes)
            : ((Converter) instance(ask, "value")).toConnectData("t", bytes);
        return read == null ? SchemaAndValue.NULL : read;
    }

    static void put(ObjectNode into, SchemaAndValue data) {
        into.set("schema", schema(data.schema()));
        into.set("value", value(data.value()));
    }

    static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    // ---- schemas: {"t": type, "o": optional, "n": name, "v": version, "doc", "p": parameters, "d": default,
    // "f": [[name, schema]], "k": keys, "e": elements}

    static Schema schema(JsonNode node) {
        if (node == null || node.isNull()) return null;
        SchemaBuilder builder = switch (node.get("t").textValue()) {
            case "ARRAY" -> SchemaBuilder.array(schema(node.get("e")));
            case "MAP" -> SchemaBuilder.map(schema(node.get("k")), schema(node.get("e")));
            case "STRUCT" -> {
                SchemaBuilder struct = SchemaBuilder.struct();
                node.get("f").forEach(field -> struct.field(field.get(0).textValue(), schema(field.get(1))));
                yield struct;
            }
            default -> SchemaBuilder.type(Schema.Type.valueOf(node.get("t").textValue()));
        };
        if (node.path("o").booleanValue()) builder.optional();
        if (node.has("n")) builder.name(node.get("n").textValue());
        if (node.has("v")) builder.version(node.get("v").intValue());
        if (node.has("doc")) builder.doc(node.get("doc").textValue());
        if (node.has("p")) node.get("p").fields().forEachRemaining(e -> builder.parameter(e.getKey(), e.getValue().textValue()));
        if (node.has("d")) builder.defaultValue(value(builder, node.get("d")));
        return builder.build();
    }

    /** Null for a schema that has an unknown one inside. */
    static JsonNode schema(Schema schema) {
        if (schema == null) return NODES.nullNode();
        ObjectNode node = NODES.objectNode().put("t", schema.type().name()).put("o", schema.isOptional());
        if (schema.name() != null) node.put("n", schema.name());
        if (schema.version() != null) node.put("v", schema.version());
        if (schema.doc() != null) node.put("doc", schema.doc());
        if (schema.parameters() != null && !schema.parameters().isEmpty()) schema.parameters().forEach(node.putObject("p")::put);
        if (schema.defaultValue() != null) node.set("d", value(schema.defaultValue()));
        List<JsonNode> inner = new ArrayList<>();
        switch (schema.type()) {
            case STRUCT -> {
                ArrayNode fields = node.putArray("f");
                for (Field field : schema.fields()) fields.addArray().add(field.name()).add(schema(field.schema()));
            }
            case MAP -> {
                inner.add(node.set("k", schema(schema.keySchema())).get("k"));
                inner.add(node.set("e", schema(schema.valueSchema())).get("e"));
            }
            case ARRAY -> inner.add(node.set("e", schema(schema.valueSchema())).get("e"));
            default -> { }
        }
        return inner.stream().anyMatch(JsonNode::isNull) ? NODES.nullNode() : node;
    }

    // ---- values: null, or one member that names the type

    static Object value(Schema schema, JsonNode node) {
        if (node == null || node.isNull()) return null;
        String tag = node.fieldNames().next();
        JsonNode in = node.get(tag);
        return switch (tag) {
            case "bool" -> in.booleanValue();
            case "i8" -> (byte) in.intValue();
            case "i16" -> (short) in.intValue();
            case "i32" -> in.intValue();
            case "i64" -> in.longValue();
            case "f32" -> Float.intBitsToFloat(in.intValue());
            case "f64" -> Double.longBitsToDouble(in.longValue());
            case "s" -> in.textValue();
            case "b" -> Base64.getDecoder().decode(in.textValue());
            case "dec" -> new BigDecimal(new BigInteger(in.get(0).textValue()), in.get(1).intValue());
            case "date" -> new java.util.Date(in.longValue() * 86_400_000L);
            case "time", "ts" -> new java.util.Date(in.longValue());
            case "a" -> {
                List<Object> list = new ArrayList<>();
                in.forEach(item -> list.add(value(schema == null ? null : schema.valueSchema(), item)));
                yield list;
            }
            case "m" -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                in.forEach(entry -> map.put(value(schema == null ? null : schema.keySchema(), entry.get(0)),
                    value(schema == null ? null : schema.valueSchema(), entry.get(1))));
                yield map;
            }
            case "hm" -> new HashMap<>((Map<Object, Object>) value(schema, NODES.objectNode().set("m", in)));
            case "r" -> {
                Struct struct = new Struct(schema instanceof SchemaBuilder ? ((SchemaBuilder) schema).build() : schema);
                for (Field field : schema.fields()) struct.put(field, value(field.schema(), in.get(field.index())));
                yield struct;
            }
            default -> throw new IllegalArgumentException("unknown tag " + tag);
        };
    }

    static JsonNode value(Object value) {
        if (value == null) return NODES.nullNode();
        ObjectNode node = NODES.objectNode();
        if (value instanceof Boolean b) node.put("bool", b);
        else if (value instanceof Byte n) node.put("i8", n);
        else if (value instanceof Short n) node.put("i16", n);
        else if (value instanceof Integer n) node.put("i32", n);
        else if (value instanceof Long n) node.put("i64", n);
        else if (value instanceof Float n) node.put("f32", Float.floatToIntBits(n));
        else if (value instanceof Double n) node.put("f64", Double.doubleToLongBits(n));
        else if (value instanceof String text) node.put("s", new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
        else if (value instanceof byte[] bytes) node.put("b", Base64.getEncoder().encodeToString(bytes));
        else if (value instanceof ByteBuffer bytes) node.put("b", Base64.getEncoder().encodeToString(bytes.array()));
        else if (value instanceof BigDecimal d) node.putArray("dec").add(d.unscaledValue().toString()).add(d.scale());
        else if (value instanceof java.util.Date d) node.put("instant", d.getTime());
        else if (value instanceof Collection<?> items) {
            ArrayNode list = node.putArray("a");
            for (Object item : items) list.add(value(item));
        } else if (value instanceof Map<?, ?> map) {
            // A hash map's order means nothing: entries are sorted by the text of their keys.
            TreeMap<String, JsonNode> sorted = new TreeMap<>();
            map.forEach((k, v) -> sorted.put(value(k).toString(), NODES.arrayNode().add(value(k)).add(value(v))));
            sorted.values().forEach(node.putArray("m")::add);
        } else if (value instanceof Struct struct) {
            ArrayNode values = node.putArray("r");
            for (Field field : struct.schema().fields()) values.add(value(struct.getWithoutDefault(field.name())));
        } else throw new IllegalArgumentException("no form for " + value.getClass());
        return node;
    }

    // ---- records

    static ConnectRecord<?> record(JsonNode node) {
        Schema keySchema = schema(node.at("/key/schema"));
        Schema valueSchema = schema(node.at("/value/schema"));
        Object key = value(keySchema, node.at("/key/value"));
        Object value = value(valueSchema, node.at("/value/value"));
        Integer partition = node.get("partition").isNull() ? null : node.get("partition").intValue();
        Long timestamp = node.get("timestamp").isNull() ? null : node.get("timestamp").longValue();
        ConnectHeaders headers = new ConnectHeaders();
        for (JsonNode header : node.get("headers")) {
            Schema schema = schema(header.get("schema"));
            headers.add(header.get("key").textValue(), value(schema, header.get("value")), schema);
        }
        String topic = node.get("topic").textValue();
        return node.get("offset").isNull()
            ? new SourceRecord(Map.of(), Map.of(), topic, partition, keySchema, key, valueSchema, value, timestamp, headers)
            : new SinkRecord(topic, partition, keySchema, key, valueSchema, value, node.get("offset").longValue(),
                timestamp, TimestampType.CREATE_TIME, headers);
    }

    static ObjectNode record(ConnectRecord<?> record) {
        ObjectNode node = NODES.objectNode().put("topic", record.topic());
        node.put("partition", record.kafkaPartition()).put("timestamp", record.timestamp());
        put(node.putObject("key"), new SchemaAndValue(record.keySchema(), record.key()));
        put(node.putObject("value"), new SchemaAndValue(record.valueSchema(), record.value()));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            ObjectNode one = headers.addObject().put("key", header.key());
            put(one, new SchemaAndValue(header.schema(), header.value()));
        }
        return node;
    }
}
