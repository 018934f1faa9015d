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

/// What a trigger sees: the number of the operation, from 1, its name and its path.
type Trigger = Box<dyn FnMut(usize, &str, &Path) -> Option<Fault>>;

/// The real disk, except where its trigger says otherwise.
pub struct FaultyDisk {
    trigger: RefCell<Trigger>,
    log: RefCell<Vec<String>>,
    fired: RefCell<Option<String>>,
    dead: Cell<bool>,
}

struct Dead;

impl FaultyDisk {
    /// The `at`-th operation meets the fault, and no other.
    pub fn new(at: usize, fault: Fault) -> Self {
        Self::triggered(move |number, _, _| (number == at).then_some(fault))
    }

    /// A disk that only counts.
    pub fn healthy() -> Self {
        Self::triggered(|_, _, _| None)
    }

    /// From the first operation of this name on a file whose path ends so, nothing works any more.
    pub fn dying_at(name: &'static str, ending: &'static str) -> Self {
        let mut dying = false;
        Self::triggered(move |_, operation, path| {
            dying |= operation == name && path.to_string_lossy().ends_with(ending);
            dying.then_some(EIO)
        })
    }

    /// Before the first file whose path ends so is created, another program acts.
    pub fn beside(ending: &'static str, act: impl FnOnce() + 'static) -> Self {
        let mut act = Some(act);
        Self::triggered(move |_, operation, path| {
            if operation == "create" && path.to_string_lossy().ends_with(ending) {
                act.take().into_iter().for_each(|act| act());
            }
            None
        })
    }

    /// Everything can be read and nothing written.
    pub fn read_only() -> Self {
        const EROFS: Fault = Fault::Error(30);
        let writes = ["create", "create directory", "protect", "rename", "remove", "remove directory"];
        Self::triggered(move |_, operation, _| writes.contains(&operation).then_some(EROFS))
    }

    fn triggered(trigger: impl FnMut(usize, &str, &Path) -> Option<Fault> + 'static) -> Self {
        Self {
            trigger: RefCell::new(Box::new(trigger)),
            log: RefCell::default(),
            fired: RefCell::default(),
            dead: Cell::new(false),
        }
    }

    pub fn operations(&self) -> usize {
        self.log.borrow().len()
    }

    /// Whether anything went wrong.
    pub fn fired(&self) -> bool {
        self.fired.borrow().is_some()
    }

    /// The operation that went wrong first, for messages.
    pub fn chosen(&self) -> String {
        self.fired.borrow().clone().unwrap_or_default()
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
        self.fault(name, path).map_or(Ok(()), |fault| Err(self.meet(fault)))
    }

    /// Counts an operation, and says what happens to it.
    fn fault(&self, name: &str, path: &Path) -> Option<Fault> {
        if self.dead.get() {
            return Some(Fault::PowerCut);
        }
        self.log.borrow_mut().push(format!("{name} {}", path.display()));
        let fault = (self.trigger.borrow_mut())(self.operations(), name, path);
        if fault.is_some() && !self.fired() {
            *self.fired.borrow_mut() = self.log.borrow().last().cloned();
        }
        fault
    }

    fn meet(&self, fault: Fault) -> io::Error {
        match fault {
            Fault::Error(code) => io::Error::from_raw_os_error(code),
            // Tidying up while the stack unwinds finds no disk either.
            Fault::PowerCut if self.dead.get() => io::Error::other("the power is cut"),
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
        match self.fault("write", Path::new("")) {
            None => Disk.write_all(file, bytes),
            Some(fault) => {
                // A full disk takes the first part, and so does a dying process.
                file.write_all(&bytes[..bytes.len() / 2])?;
                Err(self.meet(fault))
            }
        }
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
