//! How floats are printed, over random bit patterns.

use super::oracle::{Cases, ask_jvm};
use super::samples::Samples;
use longshore_api::data::JavaFloat;
use longshore_support::{Outcome, fail};
use serde_json::json;

/// JDKs before 19 print a digit too many for a few numbers; a newer one must agree to the letter.
#[test]
fn floats_print_as_java_prints_them() -> Outcome {
    let mut samples = Samples::new(6);
    let doubles: Vec<i64> = (0..20_000).map(|_| samples.bits() as i64).collect();
    let floats: Vec<i32> = (0..20_000).map(|_| samples.bits() as i32).collect();
    let asks = [json!({"op": "doubles", "bits": doubles}), json!({"op": "floats", "bits": floats})];
    let answers = ask_jvm(asks.iter())?;
    let theirs = |at: usize| answers[at]["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let doubles = doubles.iter().map(|bits| f64::from_bits(bits.cast_unsigned()));
    let floats = floats.iter().map(|bits| f32::from_bits(bits.cast_unsigned()));
    let mut longer = 0;
    for (number, theirs) in doubles.zip(theirs(0)) {
        let ours = JavaFloat::double(number);
        let shorter = theirs.len() > ours.as_str().len() && theirs.parse() == Ok(number);
        if ours.as_str() != theirs
            && !shorter
            && !last_digit_differs(ours.as_str(), theirs, theirs.parse() == Ok(number))
        {
            return fail!("{number:e}: ours {ours}, the JVM's {theirs}");
        }
        longer += usize::from(ours.as_str() != theirs);
    }
    for (number, theirs) in floats.zip(theirs(1)) {
        let ours = JavaFloat::float(number);
        let shorter = theirs.len() > ours.as_str().len() && theirs.parse() == Ok(number);
        if ours.as_str() != theirs
            && !shorter
            && !last_digit_differs(ours.as_str(), theirs, theirs.parse() == Ok(number))
        {
            return fail!("{number:e}: ours {ours}, the JVM's {theirs}");
        }
        longer += usize::from(ours.as_str() != theirs);
    }
    println!("{longer} of 40000 texts are not the nearest shortest in this JVM");
    if longer > 4000 {
        return fail!("{longer} of 40000 texts differ: more than an old JDK's rounding explains");
    }
    Ok(())
}

/// Old JDKs do not always choose the nearest among the shortest texts.
fn last_digit_differs(ours: &str, theirs: &str, reads_back: bool) -> bool {
    let same = ours.len() == theirs.len();
    same && reads_back && ours.bytes().zip(theirs.bytes()).filter(|(a, b)| a != b).count() <= 2
}

#[test]
fn common_doubles_print_alike_on_every_jdk() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(7), Cases::new());
    for _ in 0..2000 {
        cases.print(None, &samples.double().into());
    }
    cases.compare()
}
