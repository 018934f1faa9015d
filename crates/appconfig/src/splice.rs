//! Replacing byte ranges, and proving that nothing else changed.

use crate::ConfigError;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes to put in place of a range of the original file; an empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) with: Vec<u8>,
}

/// The file with all splices applied. They may come in any order but must not overlap; of several insertions at one
/// place the first comes first.
pub(crate) fn apply(bytes: &[u8], mut splices: Vec<Splice>) -> Vec<u8> {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut result =
        Vec::with_capacity(bytes.len() + splices.iter().map(|splice| splice.with.len()).sum::<usize>());
    let mut copied = 0;
    for splice in splices {
        result.extend_from_slice(&bytes[copied..splice.range.start]);
        result.extend_from_slice(&splice.with);
        copied = splice.range.end;
    }
    result.extend_from_slice(&bytes[copied..]);
    result
}

/// One key with its value as the application sees it, by which a file is compared with its edited self.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Checks that `after` is `before` with exactly `changes` made: same keys, same values, as often as before, but for the
/// occurrences in effect (the last of each key) of the changed ones.
pub(crate) fn verify(before: Vec<Leaf>, after: Vec<Leaf>, changes: &[Leaf]) -> Result<(), ConfigError> {
    let mut wanted = group(before);
    for change in changes {
        let occurrences = wanted.entry(change.key.clone()).or_default();
        occurrences.pop();
        occurrences.push(change.value.clone());
    }
    let found = group(after);
    let differing = wanted.keys().chain(found.keys()).find(|key| wanted.get(*key) != found.get(*key));
    match differing {
        None => Ok(()),
        Some(key) => Err(ConfigError::Verification { reason: format!("key {key}") }),
    }
}

fn group(leaves: Vec<Leaf>) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for leaf in leaves {
        groups.entry(leaf.key).or_default().push(leaf.value);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::{Leaf, Splice, apply, verify};

    fn leaf(key: &str, value: &str) -> Leaf {
        Leaf { key: key.into(), value: value.into() }
    }

    #[test]
    fn splices_apply_in_any_order() {
        let splices = vec![
            Splice { range: 4..5, with: b"three".to_vec() },
            Splice { range: 0..1, with: b"one".to_vec() },
        ];
        assert_eq!(apply(b"1 2 3", splices), b"one 2 three");
    }

    #[test]
    fn only_the_occurrence_in_effect_may_change() {
        let before = vec![leaf("a", "1"), leaf("a", "2"), leaf("b", "3")];
        let change = [leaf("a", "x")];
        assert!(
            verify(before.clone(), vec![leaf("a", "1"), leaf("a", "x"), leaf("b", "3")], &change).is_ok()
        );
        assert!(
            verify(before.clone(), vec![leaf("a", "x"), leaf("a", "2"), leaf("b", "3")], &change).is_err()
        );
        assert!(verify(before.clone(), vec![leaf("a", "1"), leaf("a", "x")], &change).is_err());
        assert!(verify(before, vec![leaf("a", "1"), leaf("a", "x"), leaf("b", "4")], &change).is_err());
    }
}
