//! The tables in `docs/benchmarks.md`, each between two marks that nobody sees.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::workspace::root;

/// The page.
pub(crate) fn path() -> PathBuf {
    root().join("docs/benchmarks.md")
}

/// Puts a figure's tables into the page, in place of those that stand there.
///
/// # Errors
/// The page cannot be read or written, or has no place for the figure.
pub(crate) fn replace(figure: &str, table: &str) -> Result<()> {
    let page = fs::read_to_string(path()).context("cannot read docs/benchmarks.md")?;
    fs::write(path(), put(&page, figure, table)?).context("cannot write docs/benchmarks.md")
}

/// The page with these tables.
///
/// # Errors
/// It has no place for the figure.
pub(crate) fn put(page: &str, figure: &str, table: &str) -> Result<String> {
    let (begin, end) = (
        format!("<!-- bench {figure} -->\n"),
        format!("<!-- end {figure} -->"),
    );
    let missing = || format!("docs/benchmarks.md has no marks for {figure}");
    let (before, rest) = page.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = "Before.\n<!-- bench a -->\n\nold\n\n<!-- end a -->\nAfter.\n<!-- bench b -->\n<!-- end b -->\n";
        let page = put(page, "a", "new\n").unwrap();
        assert_eq!(
            page,
            "Before.\n<!-- bench a -->\n\nnew\n\n<!-- end a -->\nAfter.\n<!-- bench b -->\n<!-- end b -->\n"
        );
        assert_eq!(put(&page, "a", "new\n").unwrap(), page);
        assert!(put(&page, "c", "new\n").is_err());
    }
}
