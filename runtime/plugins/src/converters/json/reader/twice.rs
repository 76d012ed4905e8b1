//! Members that stand twice in one object.
use super::Tree;

/// The last of several members of one name counts, at the place of the first: what Java's `LinkedHashMap` makes of
/// them.
pub(super) fn each_name_once<T: Tree>(mut members: Vec<(T::Name, T)>) -> Vec<(T::Name, T)> {
    const FEW: usize = 24;
    let clean = if members.len() <= FEW {
        // Most names differ in their length or in one of three bytes; only the others are compared as a whole.
        let mut marks = [0_u32; FEW];
        for (mark, (name, _)) in marks.iter_mut().zip(&members) {
            let name = T::name(name).as_bytes();
            let byte = |at: usize| name.get(at).copied().unwrap_or(0);
            *mark =
                u32::from_le_bytes([name.len() as u8, byte(0), byte(name.len() / 2), byte(name.len().wrapping_sub(1))]);
        }
        let equal = |at: usize, other: usize| T::name(&members[at].0) == T::name(&members[other].0);
        !(1..members.len()).any(|at| (0..at).any(|other| marks[at] == marks[other] && equal(at, other)))
    } else {
        let mut names = std::collections::HashSet::with_capacity(members.len());
        members.iter().all(|(name, _)| names.insert(T::name(name)))
    };
    if clean {
        return members;
    }
    let mut places = std::collections::HashMap::<String, usize>::new();
    let mut unique: Vec<(T::Name, T)> = Vec::with_capacity(members.len());
    for (name, value) in members.drain(..) {
        match places.get(T::name(&name)) {
            Some(place) => unique[*place].1 = value,
            None => {
                places.insert(T::name(&name).to_string(), unique.len());
                unique.push((name, value));
            }
        }
    }
    unique
}
