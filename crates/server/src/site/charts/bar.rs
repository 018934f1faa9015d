//! A bar in a cell of a table: the number stands beside it.

/// `count` out of `most`, as a bar that fills its cell. Decoration: the table has the number.
pub(crate) fn bar(count: u64, most: u64) -> String {
    let share = per_mille(count, most);
    format!(
        "<svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\">\
         <rect class=\"bar-ground\" width=\"1000\" height=\"10\"/>\
         <rect class=\"bar-fill\" width=\"{share}\" height=\"10\"/></svg>"
    )
}

/// At least a sliver for what is not nothing.
fn per_mille(count: u64, most: u64) -> u64 {
    if count == 0 || most == 0 {
        return 0;
    }
    let share = u128::from(count.min(most)) * 1000 / u128::from(most);
    u64::try_from(share).unwrap_or(1000).max(8)
}
