//! `regex`: texts that match a regular expression.
//!
//! Lengths count characters. Where the expression allows it a text is as long as `length` asks (8 to 15 by default);
//! where it does not, as close to that as the expression comes. Classes such as `.` and `\d` mean their printable
//! ASCII members if they have any. Anchors match nothing and add nothing.
use regex_syntax::hir::{Class, Hir, HirKind};

use super::annotations::Length;
use super::random::Random;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    root: Piece,
    least: usize,
    greatest: usize,
}

/// Part of an expression, with the least and greatest count of characters it can stand for.
#[derive(Debug)]
struct Piece {
    what: What,
    min: usize,
    /// `usize::MAX` where there is no end.
    max: usize,
    /// The steps that writing it takes at least.
    cost: usize,
}

#[derive(Debug)]
enum What {
    Text(String),
    OneOf(Box<[char]>),
    Sequence(Vec<Piece>),
    Either(Vec<Piece>),
    Repeat { piece: Box<Piece>, least: usize, most: usize },
}

/// How often a text is drawn again when its length missed the bounds.
const ATTEMPTS: usize = 16;
/// Characters kept of a class that has no printable ASCII member.
const MAX_CLASS: usize = 4096;
/// Expressions whose shortest text takes more steps are refused.
const MAX_COST: usize = 1_000_000;

impl Pattern {
    /// Compiles an expression for texts of a length.
    ///
    /// # Errors
    /// Why no text can be made from the expression.
    pub(crate) fn compile(expression: &str, length: Length) -> Result<Self, String> {
        let parsed = regex_syntax::ParserBuilder::new().nest_limit(100).build().parse(expression);
        let parsed = parsed.map_err(|error| {
            let why = error.to_string();
            why.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_string()
        })?;
        let root = piece(&parsed)?;
        if root.cost > MAX_COST {
            return Err(format!("a text takes more than {MAX_COST} steps"));
        }
        // The nearest lengths that the expression has.
        let least = length.min.clamp(root.min, root.max);
        let greatest = length.greatest().clamp(least, root.max.max(least));
        Ok(Self { root, least, greatest })
    }

    /// Appends a text to `out`.
    pub(crate) fn write(&self, random: &mut Random, out: &mut String) {
        let start = out.len();
        for _ in 0..ATTEMPTS {
            out.truncate(start);
            self.root.write(random, self.least, self.greatest, out);
            let count = out[start..].chars().count();
            if (self.least..=self.greatest).contains(&count) {
                return;
            }
        }
    }

    /// All texts, where each is as likely as any other and there are at most `limit`.
    pub(crate) fn all(&self, limit: usize) -> Option<Vec<String>> {
        self.root.all(self.least, self.greatest, limit)
    }
}

fn piece(hir: &Hir) -> Result<Piece, String> {
    let made = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Piece { what: What::Text(String::new()), min: 0, max: 0, cost: 1 },
        HirKind::Literal(literal) => {
            let text = String::from_utf8(literal.0.to_vec()).map_err(|_| "it stands for bytes that are no text")?;
            let count = text.chars().count();
            Piece { what: What::Text(text), min: count, max: count, cost: 1 }
        }
        HirKind::Class(class) => Piece { what: What::OneOf(members(class)?), min: 1, max: 1, cost: 1 },
        HirKind::Capture(capture) => piece(&capture.sub)?,
        HirKind::Concat(parts) => {
            let parts = parts.iter().map(piece).collect::<Result<Vec<_>, _>>()?;
            let min = parts.iter().fold(0, |sum: usize, p| sum.saturating_add(p.min));
            let max = parts.iter().fold(0, |sum: usize, p| sum.saturating_add(p.max));
            let cost = parts.iter().fold(1, |sum: usize, p| sum.saturating_add(p.cost));
            Piece { what: What::Sequence(parts), min, max, cost }
        }
        HirKind::Alternation(parts) => {
            let parts = parts.iter().map(piece).collect::<Result<Vec<_>, _>>()?;
            let min = parts.iter().map(|p| p.min).min().unwrap_or(0);
            let max = parts.iter().map(|p| p.max).max().unwrap_or(0);
            let cost = parts.iter().map(|p| p.cost).max().unwrap_or(1);
            Piece { what: What::Either(parts), min, max, cost }
        }
        HirKind::Repetition(repetition) => {
            let inner = piece(&repetition.sub)?;
            let least = repetition.min as usize;
            let most = repetition.max.map_or(usize::MAX, |max| max as usize);
            let (min, max) = (inner.min.saturating_mul(least), inner.max.saturating_mul(most));
            let cost = inner.cost.saturating_mul(least.max(1));
            Piece { what: What::Repeat { piece: Box::new(inner), least, most }, min, max, cost }
        }
    };
    Ok(made)
}

fn members(class: &Class) -> Result<Box<[char]>, String> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|r| (r.start(), r.end())).collect(),
        Class::Bytes(class) => class.ranges().iter().map(|r| (char::from(r.start()), char::from(r.end()))).collect(),
    };
    let within = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
    let printable: Vec<char> = (' '..='~').filter(|c| within(*c)).collect();
    let all: Vec<char> = match printable.is_empty() {
        false => printable,
        true => ranges.iter().flat_map(|(from, to)| *from..=*to).take(MAX_CLASS).collect(),
    };
    if all.is_empty() { Err("one of its classes has no member".into()) } else { Ok(all.into()) }
}

impl Piece {
    /// Appends a text whose length lies in `low..=high` as far as that can be seen from here.
    fn write(&self, random: &mut Random, low: usize, high: usize, out: &mut String) {
        match &self.what {
            What::Text(text) => out.push_str(text),
            What::OneOf(members) => out.push(members[random.index(members.len())]),
            What::Sequence(parts) => {
                let (mut rest_min, mut rest_max) = (self.min, self.max);
                let (mut low, mut high) = (low, high);
                for part in parts {
                    rest_min -= part.min;
                    rest_max = parts_max(rest_max, part.max, parts, part);
                    let start = out.len();
                    let part_low = low.saturating_sub(rest_max).clamp(part.min, part.max);
                    let part_high = high.saturating_sub(rest_min).clamp(part_low, part.max.max(part_low));
                    part.write(random, part_low, part_high, out);
                    let count = out[start..].chars().count();
                    (low, high) = (low.saturating_sub(count), high.saturating_sub(count));
                }
            }
            What::Either(parts) => {
                let fits = |p: &&Piece| p.min <= high && p.max >= low;
                let count = parts.iter().filter(fits).count();
                let chosen = match count {
                    0 => parts.get(random.index(parts.len())),
                    _ => parts.iter().filter(fits).nth(random.index(count)),
                };
                if let Some(part) = chosen {
                    part.write(random, low, high, out);
                }
            }
            What::Repeat { piece, least, most } => {
                let (fewest, greatest) = repeats(piece, *least, *most, low, high);
                let times = fewest + random.index(greatest - fewest + 1);
                let (mut low, mut high) = (low, high);
                for left in (0..times).rev() {
                    let start = out.len();
                    let (rest_min, rest_max) = (piece.min.saturating_mul(left), piece.max.saturating_mul(left));
                    let part_low = low.saturating_sub(rest_max).clamp(piece.min, piece.max);
                    let part_high = high.saturating_sub(rest_min).clamp(part_low, piece.max.max(part_low));
                    piece.write(random, part_low, part_high, out);
                    let count = out[start..].chars().count();
                    (low, high) = (low.saturating_sub(count), high.saturating_sub(count));
                }
            }
        }
    }

    /// All texts of a piece whose shape leaves no choice but that of characters.
    fn all(&self, low: usize, high: usize, limit: usize) -> Option<Vec<String>> {
        match &self.what {
            What::Text(text) => Some(vec![text.clone()]),
            What::OneOf(members) if members.len() <= limit => Some(members.iter().map(char::to_string).collect()),
            What::OneOf(_) | What::Either(_) => None,
            What::Sequence(parts) => {
                let flexible = parts.iter().filter(|p| p.min != p.max).count();
                // With two flexible parts their lengths depend on each other.
                if flexible > 1 || (flexible == 1 && self.max == usize::MAX) {
                    return None;
                }
                let fixed: usize = parts.iter().filter(|p| p.min == p.max).map(|p| p.min).sum();
                let (low, high) = (low.saturating_sub(fixed), high.saturating_sub(fixed));
                let mut all = vec![String::new()];
                for part in parts {
                    let next = part.all(low.clamp(part.min, part.max), high.clamp(part.min, part.max), limit)?;
                    all = product(&all, &next, limit)?;
                }
                Some(all)
            }
            What::Repeat { piece, least, most } => {
                let (fewest, greatest) = repeats(piece, *least, *most, low, high);
                if fewest != greatest || piece.min != piece.max {
                    return None;
                }
                let one = piece.all(piece.min, piece.max, limit)?;
                (0..fewest).try_fold(vec![String::new()], |all, _| product(&all, &one, limit))
            }
        }
    }
}

/// What the parts after `part` may still add at most.
fn parts_max(rest: usize, max: usize, parts: &[Piece], part: &Piece) -> usize {
    if rest != usize::MAX {
        return rest - max;
    }
    let after = parts.iter().skip_while(|other| !std::ptr::eq(*other, part)).skip(1);
    after.fold(0, |sum: usize, p| sum.saturating_add(p.max))
}

/// The fewest and the greatest count of repetitions for a length in `low..=high`.
fn repeats(piece: &Piece, least: usize, most: usize, low: usize, high: usize) -> (usize, usize) {
    let needed = match piece.max {
        0 => 0,
        usize::MAX => usize::from(low > 0),
        max => low.div_ceil(max),
    };
    let fewest = needed.clamp(least, most.max(least));
    let room = high.checked_div(piece.min).unwrap_or(high);
    (fewest, room.clamp(fewest, most.max(fewest)))
}

fn product(left: &[String], right: &[String], limit: usize) -> Option<Vec<String>> {
    (left.len().checked_mul(right.len())? <= limit)
        .then(|| left.iter().flat_map(|l| right.iter().map(move |r| format!("{l}{r}"))).collect())
}

#[cfg(test)]
mod tests;
