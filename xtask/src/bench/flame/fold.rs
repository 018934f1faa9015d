//! Out of what `perf script -F comm,ip,sym,dso` prints, a tree of calls.

use std::collections::BTreeMap;

/// A function as it was called from above, with what it calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// The function; of the uppermost ones, the thread.
    pub(super) name: String,
    /// Where its code is from.
    pub(super) origin: Origin,
    /// How often it was seen, with what it calls.
    pub(super) samples: u32,
    /// By their names.
    pub(super) calls: BTreeMap<String, Frame>,
}

/// Whose code it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    #[default]
    Other,
    Koshin,
    Sqlite,
    Cryptography,
    Network,
    Kernel,
}

impl Origin {
    fn of(name: &str, object: &str) -> Self {
        let names = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if object.contains("kernel") || object.contains("[k") {
            Self::Kernel
        } else if names(&["koshin_"]) {
            Self::Koshin
        } else if names(&[
            "sqlite3",
            "diesel",
            "pcache",
            "pager",
            "btree",
            "vdbe",
            "Vdbe",
            "wal",
            "whereLoop",
        ]) {
            Self::Sqlite
        } else if names(&["aws_lc", "rustls", "webpki", "ring", "sha2", "x509_parser", "rcgen", "yasna"]) {
            Self::Cryptography
        } else if names(&["tokio", "hyper", "axum", "tower", "mio", "http"]) {
            Self::Network
        } else {
            Self::Other
        }
    }
}

impl Frame {
    /// The calls, most samples first.
    pub(super) fn largest_children(&self) -> Vec<&Frame> {
        let mut calls: Vec<_> = self.calls.values().collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.samples));
        calls
    }

    /// Functions with the samples that were theirs alone, most first.
    pub(super) fn leaves(&self) -> Vec<(String, u32)> {
        let mut own = BTreeMap::new();
        self.add_own(&mut own);
        let mut own: Vec<_> = own.into_iter().collect();
        own.sort_by_key(|(_, samples)| std::cmp::Reverse(*samples));
        own
    }

    fn add_own(&self, own: &mut BTreeMap<String, u32>) {
        let called: u32 = self.calls.values().map(|call| call.samples).sum();
        *own.entry(self.name.clone()).or_default() += self.samples - called;
        self.calls.values().for_each(|call| call.add_own(own));
    }

    /// One sample, the caller first.
    fn add(&mut self, stack: &[(String, Origin)]) {
        self.samples += 1;
        let Some(((name, origin), rest)) = stack.split_first() else { return };
        let call = self.calls.entry(name.clone()).or_insert_with(|| Self {
            name: name.clone(),
            origin: *origin,
            ..Self::default()
        });
        call.add(rest);
    }
}

/// Reads all samples: the thread's name on a line, then a line for each call, the innermost first, then an empty line.
pub(super) fn read(script: &str) -> Frame {
    let mut root = Frame { name: "all".to_owned(), ..Frame::default() };
    for sample in script.split("\n\n") {
        let mut lines = sample.lines().filter(|line| !line.trim().is_empty());
        let Some(thread) = lines.next() else { continue };
        let mut stack: Vec<_> = lines.filter_map(call).collect();
        stack.push((thread_name(thread), Origin::Other));
        stack.reverse();
        root.add(&stack);
    }
    root
}

/// `55d0c0ffee some::function (/path/of/object)`.
fn call(line: &str) -> Option<(String, Origin)> {
    let (_, rest) = line.trim().split_once(' ')?;
    let (name, object) = rest.rsplit_once(" (").unwrap_or((rest, ""));
    let name = short(name);
    let origin = Origin::of(&name, object);
    Some((name, origin))
}

/// Threads of one kind count together: `store-reader-1` is one of the readers.
fn thread_name(line: &str) -> String {
    line.trim().trim_end_matches(|last: char| last.is_ascii_digit() || last == '-').to_owned()
}

/// Without what is in angle brackets, and without the hash at the end.
fn short(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut depth = 0_usize;
    for character in name.chars() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(character),
            _ => {}
        }
    }
    let text = text.trim_start_matches(':');
    // `<T as Trait>::method` keeps nothing but the method.
    let text = if text.is_empty() { name } else { text };
    let is_hash = |last: &str| {
        last.len() == 17 && last.starts_with('h') && last[1..].chars().all(|c| c.is_ascii_hexdigit())
    };
    match text.rsplit_once("::") {
        Some((before, last)) if is_hash(last) => before.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
store-writer
\t    55d0 sqlite3VdbeExec (/bin/koshin-server)
\t    55d1 koshin_server::store::worker::write_group::h0123456789abcdef (/bin/koshin-server)

store-reader-0
\t    55d2 sqlite3_step (/bin/koshin-server)

store-reader-1
\t    55d2 sqlite3_step (/bin/koshin-server)
\tffffffff81 do_syscall_64 ([kernel.kallsyms])
";

    #[test]
    fn samples_become_a_tree_from_the_thread_to_the_innermost_call() {
        let root = read(SCRIPT);
        assert_eq!(root.samples, 3);
        let threads: Vec<_> =
            root.largest_children().iter().map(|frame| (&*frame.name, frame.samples)).collect();
        assert_eq!(threads, [("store-reader", 2), ("store-writer", 1)]);
        let writer = &root.calls["store-writer"].calls["koshin_server::store::worker::write_group"];
        assert_eq!(writer.origin, Origin::Koshin);
        assert_eq!(writer.calls["sqlite3VdbeExec"].origin, Origin::Sqlite);
        assert_eq!(root.calls["store-reader"].calls["do_syscall_64"].origin, Origin::Kernel);
        assert_eq!(root.leaves()[0], ("sqlite3_step".to_owned(), 2));
    }

    #[test]
    fn names_lose_their_types_and_hashes() {
        assert_eq!(short("core::ptr::drop_in_place<alloc::vec::Vec<u8>>"), "core::ptr::drop_in_place");
        assert_eq!(short("<alloc::string::String as core::fmt::Write>::write_str"), "write_str");
        assert_eq!(short("sqlite3_step"), "sqlite3_step");
    }
}
