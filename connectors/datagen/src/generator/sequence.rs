//! `iteration`: values that follow one another, as a function of how many came before.
use super::annotations::Annotations;
use crate::error::Result;

/// Whole numbers: `start`, `start + step`, … wrapping around at `restart`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeSequence {
    start: i128,
    step: i128,
    /// The distance from `start` to `restart`; above 0.
    span: i128,
    /// The first value's distance from `start`.
    first: i128,
}

impl WholeSequence {
    /// Reads the annotation; `least` and `greatest` bound the type.
    pub(crate) fn read(annotations: &Annotations<'_>, least: i64, greatest: i64) -> Result<Self> {
        let inner = annotations.object("iteration")?;
        let number = |key: &str| inner.whole(key, least, greatest);
        let start = number("start")?.ok_or_else(|| inner.missing("start"))?;
        let (restart, step, initial) = (number("restart")?, number("step")?, number("initial")?);
        let ends = |step: i64| if step > 0 { greatest } else { least };
        let (restart, step) = match (restart, step) {
            (None, step) => (ends(step.unwrap_or(1)), step.unwrap_or(1)),
            (Some(restart), None) => (restart, if restart > start { 1 } else { -1 }),
            (Some(restart), Some(step)) => (restart, step),
        };
        if step == 0 {
            return Err(inner.error("\"step\" cannot be 0"));
        }
        if restart == start {
            return Err(inner.error("\"start\" and \"restart\" cannot be equal"));
        }
        if (restart > start) != (step > 0) {
            return Err(inner.error("\"step\" must lead from \"start\" towards \"restart\""));
        }
        let (start, restart) = (i128::from(start), i128::from(restart));
        let first = initial.map_or(0, |initial| i128::from(initial) - start);
        Ok(Self { start, step: step.into(), span: (restart - start).abs(), first })
    }

    /// The value that follows `before` others.
    #[inline]
    pub(crate) fn at(&self, before: u64) -> i64 {
        if before == 0 {
            return (self.start + self.first) as i64;
        }
        let mut distance = (i128::from(before) * self.step + self.first).abs();
        if distance >= self.span {
            distance = match (u64::try_from(distance), u64::try_from(self.span)) {
                (Ok(distance), Ok(span)) => i128::from(distance % span),
                _ => distance % self.span,
            };
        }
        (if self.step < 0 { self.start - distance } else { self.start + distance }) as i64
    }
}

/// Numbers with a fraction. Sums are exact in decimal notation, so that 0.1 three times gives 0.3.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FractionSequence {
    /// Everything in units of 10^-`scale`; `span` is `None` where nothing wraps around.
    Exact { start: i128, step: i128, span: Option<i128>, first: i128, scale: u32 },
    /// Numbers too far apart for that.
    Rough { start: f64, step: f64, span: f64, first: f64 },
}

impl FractionSequence {
    /// Reads the annotation; `greatest` bounds the type on both sides.
    pub(crate) fn read(annotations: &Annotations<'_>, greatest: f64) -> Result<Self> {
        let inner = annotations.object("iteration")?;
        let number = |key: &str| inner.number(key, greatest);
        let start = number("start")?.ok_or_else(|| inner.missing("start"))?;
        let (restart, step, initial) = (number("restart")?, number("step")?, number("initial")?);
        let step_or = |default: f64| step.unwrap_or(default);
        let step = match restart {
            Some(restart) => step_or(if restart > start { 1.0 } else { -1.0 }),
            None => step_or(1.0),
        };
        if step == 0.0 {
            return Err(inner.error("\"step\" cannot be 0"));
        }
        if restart == Some(start) {
            return Err(inner.error("\"start\" and \"restart\" cannot be equal"));
        }
        if restart.is_some_and(|restart| (restart > start) != (step > 0.0)) {
            return Err(inner.error("\"step\" must lead from \"start\" towards \"restart\""));
        }
        let initial = initial.unwrap_or(start);
        Ok(Self::exact(start, step, restart, initial).unwrap_or_else(|| {
            let end = restart.unwrap_or(if step > 0.0 { greatest } else { -greatest });
            // Sums stay within the type and never become infinite.
            let span = (end - start).abs().clamp(f64::MIN_POSITIVE, greatest);
            Self::Rough { start, step, span, first: (initial - start).clamp(-greatest, greatest) }
        }))
    }

    fn exact(start: f64, step: f64, restart: Option<f64>, initial: f64) -> Option<Self> {
        let all = [start, step, restart.unwrap_or(start), initial];
        // The shortest text that reads back as the number is what its author wrote.
        let texts = all.map(|n| n.to_string());
        let scale = texts.iter().map(|t| t.split_once('.').map_or(0, |(_, digits)| digits.len())).max()?;
        let units = |text: &str| {
            let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
            let units = format!("{whole}{digits:0<scale$}").parse::<i128>().ok()?;
            // Far enough from the edge for a product with any count of records.
            (units.unsigned_abs() < 1 << 62).then_some(units)
        };
        if scale > 18 {
            return None;
        }
        let [start, step, restart_units, initial] =
            [units(&texts[0])?, units(&texts[1])?, units(&texts[2])?, units(&texts[3])?];
        let span = restart.map(|_| (restart_units - start).abs());
        Some(Self::Exact { start, step, span, first: initial - start, scale: scale as u32 })
    }

    /// The value that follows `before` others.
    pub(crate) fn at(&self, before: u64) -> f64 {
        match *self {
            Self::Exact { start, step, span, first, scale } => {
                let mut distance = i128::from(before) * step + first;
                if let Some(span) = span.filter(|span| before > 0 && distance.abs() >= *span) {
                    distance %= span;
                }
                exact_quotient(start + distance, scale)
            }
            Self::Rough { start, first, .. } if before == 0 => start + first,
            Self::Rough { start, step, span, first } => {
                start + (before as f64 * step + first).clamp(f64::MIN, f64::MAX) % span
            }
        }
    }
}

/// `units` × 10^-`scale`, correctly rounded.
fn exact_quotient(units: i128, scale: u32) -> f64 {
    if units.unsigned_abs() < 1 << 53 {
        // Both are exact, so their quotient is rounded once.
        return units as f64 / 10f64.powi(scale as i32);
    }
    format!("{units}e-{scale}").parse().unwrap_or(units as f64 / 10f64.powi(scale as i32))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole(iteration: serde_json::Value) -> Result<Vec<i64>> {
        let object = json!({ "iteration": iteration });
        let sequence = WholeSequence::read(&Annotations::of(&object, "f")?, i64::MIN, i64::MAX)?;
        Ok((0..6).map(|n| sequence.at(n)).collect())
    }

    fn fraction(iteration: serde_json::Value) -> Result<Vec<f64>> {
        let object = json!({ "iteration": iteration });
        let sequence = FractionSequence::read(&Annotations::of(&object, "f")?, f64::MAX)?;
        Ok((0..5).map(|n| sequence.at(n)).collect())
    }

    #[test]
    fn whole_numbers_step_and_wrap_around() {
        assert_eq!(whole(json!({"start": 3})).unwrap(), [3, 4, 5, 6, 7, 8]);
        assert_eq!(whole(json!({"start": 0, "step": -2})).unwrap(), [0, -2, -4, -6, -8, -10]);
        assert_eq!(whole(json!({"start": 0, "restart": 3})).unwrap(), [0, 1, 2, 0, 1, 2]);
        assert_eq!(whole(json!({"start": 5, "restart": 2})).unwrap(), [5, 4, 3, 5, 4, 3]);
        assert_eq!(whole(json!({"start": 0, "restart": 5, "step": 2})).unwrap(), [0, 2, 4, 1, 3, 0]);
        assert_eq!(whole(json!({"start": 0, "restart": 4, "initial": 2})).unwrap(), [2, 3, 0, 1, 2, 3]);
        assert_eq!(whole(json!({"start": i64::MAX - 2})).unwrap()[..3], [i64::MAX - 2, i64::MAX - 1, i64::MAX - 2]);
    }

    #[test]
    fn fractions_are_exact_in_decimal_notation() {
        assert_eq!(fraction(json!({"start": 0.0, "step": 0.1})).unwrap(), [0.0, 0.1, 0.2, 0.3, 0.4]);
        assert_eq!(fraction(json!({"start": 1.5, "restart": 1.2, "step": -0.1})).unwrap(), [1.5, 1.4, 1.3, 1.5, 1.4]);
        assert_eq!(fraction(json!({"start": 1e300})).unwrap()[..2], [1e300, 1e300]);
        for extreme in [
            json!({"start": f64::MAX}),
            json!({"start": -1e308, "step": 1e308}),
            json!({"start": f64::MIN, "step": -1}),
        ] {
            assert!(fraction(extreme).unwrap().iter().all(|n| n.is_finite()));
        }
        assert_eq!(fraction(json!({"start": 0, "initial": 7.25})).unwrap()[..2], [7.25, 8.25]);
    }

    #[test]
    fn far_numbers_of_records_neither_overflow_nor_drift() {
        let object = json!({"iteration": {"start": 1, "step": i64::MAX / 2, "restart": i64::MAX}});
        let sequence = WholeSequence::read(&Annotations::of(&object, "f").unwrap(), i64::MIN, i64::MAX).unwrap();
        assert!((1..i64::MAX).contains(&sequence.at(u64::MAX)));
        let object = json!({"iteration": {"start": 0, "step": 0.25, "restart": 100}});
        let sequence = FractionSequence::read(&Annotations::of(&object, "f").unwrap(), f64::MAX).unwrap();
        assert_eq!(sequence.at(400_000_000_001), 0.25);
    }

    #[test]
    fn wrong_annotations_are_explained() {
        let error = |json| whole(json).unwrap_err().to_string();
        assert!(error(json!({})).contains("at f: \"iteration\" needs \"start\""));
        assert!(error(json!(5)).contains("\"iteration\" must be an object"));
        assert!(error(json!({"start": "x"})).contains("\"start\""));
        assert!(error(json!({"start": 1, "step": 0})).contains("cannot be 0"));
        assert!(error(json!({"start": 1, "restart": 1})).contains("cannot be equal"));
        assert!(error(json!({"start": 1, "restart": 5, "step": -1})).contains("towards"));
        assert!(fraction(json!({"start": 1, "restart": 5, "step": -1})).unwrap_err().to_string().contains("towards"));
        assert!(fraction(json!({"start": 1, "step": 0})).unwrap_err().to_string().contains("cannot be 0"));
    }
}
