//! A disk of which one operation fails, or during one of which the power is cut.

use koshin::storage::{Disk, FileSystem, Kind, Ownership};
use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

/// What happens to the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this error; everything after it works again.
    Error(i32),
    /// The process ends before the operation is done: nothing after it happens, no tidying up either.
    PowerCut,
}

/// No space left on device.
pub const ENOSPC: Fault = Fault::Error(28);
/// Input/output error.
pub const EIO: Fault = Fault::Error(5);
/// Permission denied.
pub const EACCES: Fault = Fault::Error(13);

/// The real disk, except for its `at`-th operation.
pub struct FaultyDisk {
    at: usize,
    fault: Fault,
    count: Cell<usize>,
    dead: Cell<bool>,
    log: RefCell<Vec<String>>,
}

struct Dead;

impl FaultyDisk {
    /// The operations are counted from 1.
    pub fn new(at: usize, fault: Fault) -> Self {
        Self { at, fault, count: Cell::new(0), dead: Cell::new(false), log: RefCell::default() }
    }

    /// A disk that only counts.
    pub fn healthy() -> Self {
        Self::new(usize::MAX, EIO)
    }

    pub fn operations(&self) -> usize {
        self.count.get()
    }

    /// Whether the chosen operation was reached.
    pub fn fired(&self) -> bool {
        self.count.get() >= self.at
    }

    /// The last operation, for messages.
    pub fn chosen(&self) -> String {
        self.log.borrow().get(self.at.wrapping_sub(1)).cloned().unwrap_or_default()
    }

    /// The number of the last operation of this name on a file whose path ends so.
    pub fn position_of(&self, name: &str, ending: &str) -> Option<usize> {
        let log = self.log.borrow();
        log.iter().rposition(|one| one.starts_with(name) && one.ends_with(ending)).map(|index| index + 1)
    }

    /// Runs `work` until it ends or the power is cut (`None`).
    pub fn power<T>(work: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(done) => Some(done),
            Err(payload) if payload.is::<Dead>() => None,
            Err(payload) => resume_unwind(payload),
        }
    }

    fn step(&self, name: &str, path: &Path) -> io::Result<()> {
        if self.dead.get() {
            return Err(io::Error::other("the power is cut"));
        }
        self.count.set(self.count.get() + 1);
        self.log.borrow_mut().push(format!("{name} {}", path.display()));
        if self.count.get() != self.at {
            return Ok(());
        }
        match self.fault {
            Fault::Error(code) => Err(io::Error::from_raw_os_error(code)),
            Fault::PowerCut => {
                self.dead.set(true);
                resume_unwind(Box::new(Dead))
            }
        }
    }
}

impl FileSystem for FaultyDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.step("read", path)?;
        Disk.read(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Disk.kind(path)
    }

    fn ownership(&self, path: &Path) -> io::Result<Ownership> {
        Disk.ownership(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.canonicalize(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Disk.list(directory)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        self.step("create", path)?;
        Disk.create_new(path)
    }

    fn write_all(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        // A full disk takes the first part.
        if self.count.get() + 1 == self.at && !self.dead.get() {
            file.write_all(&bytes[..bytes.len() / 2])?;
        }
        self.step("write", Path::new(""))?;
        Disk.write_all(file, bytes)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        self.step("sync", Path::new(""))?;
        Disk.sync_file(file)
    }

    fn protect(&self, path: &Path, ownership: Ownership) -> io::Result<()> {
        self.step("protect", path)?;
        Disk.protect(path, ownership)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", to)?;
        Disk.rename(from, to)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.step("sync directory", directory)?;
        Disk.sync_directory(directory)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path)?;
        Disk.remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.step("remove directory", path)?;
        Disk.remove_directory(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.step("create directory", path)?;
        Disk.create_directory(path)
    }
}

/// A disk beside which another program is at work: just before the first file whose path ends so is created, it acts.
pub struct MeddlingDisk {
    ending: &'static str,
    act: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl MeddlingDisk {
    pub fn new(ending: &'static str, act: impl FnOnce() + 'static) -> Self {
        Self { ending, act: RefCell::new(Some(Box::new(act))) }
    }
}

impl FileSystem for MeddlingDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Disk.read(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Disk.kind(path)
    }

    fn ownership(&self, path: &Path) -> io::Result<Ownership> {
        Disk.ownership(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.canonicalize(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        Disk.list(directory)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        if path.to_string_lossy().ends_with(self.ending)
            && let Some(act) = self.act.borrow_mut().take()
        {
            act();
        }
        Disk.create_new(path)
    }

    fn write_all(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        Disk.write_all(file, bytes)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        Disk.sync_file(file)
    }

    fn protect(&self, path: &Path, ownership: Ownership) -> io::Result<()> {
        Disk.protect(path, ownership)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        Disk.sync_directory(directory)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Disk.remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        Disk.remove_directory(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        Disk.create_directory(path)
    }
}
