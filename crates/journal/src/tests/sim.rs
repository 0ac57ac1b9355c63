//! A file system in memory that keeps apart what programs see and what is on disk.
//!
//! A write is seen at once and on disk after a sync of its file; an entry of the directory is on
//! disk after a sync of the directory. [`SimFiles::lose_power`] keeps of the rest what the seed
//! says: each sector of each write whole, in part or not at all, each entry or not. A sync that
//! fails drops what it should have written and leaves it visible, as Linux does.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::random::Random;
use crate::files::{File, Files};

const SECTOR: usize = 512;

/// What a program asks a file system for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    CreateDirectory,
    List,
    Create,
    Open,
    Rename,
    Remove,
    SyncDirectory,
    Lock,
    Size,
    Allocate,
    Read,
    Write,
    Sync,
}

/// What happens instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Error(ErrorKind),
    /// A write writes the first half and fails with this; the next one fails, too.
    Half(ErrorKind),
    /// A read or write does only part of it.
    Short,
}

/// The n-th call of a kind, counted from 0, has a fault, and so have those after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) call: Call,
    pub(super) nth: u64,
    /// How many calls, this one included.
    pub(super) times: u64,
    pub(super) fault: Fault,
}

#[derive(Clone, Default)]
struct Inode {
    seen: Vec<u8>,
    disk: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    seen: BTreeMap<PathBuf, usize>,
    disk: BTreeMap<PathBuf, usize>,
    calls: BTreeMap<Call, u64>,
    plan: Option<Plan>,
    /// The faulty call was made.
    struck: bool,
    /// Content or entries of segments were not written although it was asked for.
    lost: bool,
    locked: bool,
    /// The process is gone after so many calls, or calls of a kind.
    end: Option<(Option<Call>, u64)>,
}

/// The file system. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct SimFiles(Arc<Mutex<State>>);

impl SimFiles {
    pub(super) fn plan(&self, plan: Plan) {
        let mut state = self.0.lock();
        state.calls.clear();
        state.plan = Some(plan);
        (state.struck, state.lost) = (false, false);
    }

    /// Ends the faults. Returns whether there was one.
    pub(super) fn end_plan(&self) -> bool {
        let mut state = self.0.lock();
        state.plan = None;
        state.struck
    }

    /// Tells whether content of a segment, or its entry, was lost since the faults were planned.
    pub(super) fn lost(&self) -> bool {
        self.0.lock().lost
    }

    /// Lets the process end at the n-th call, or call of a kind: neither that one nor a later one
    /// does anything.
    pub(super) fn end_at(&self, call: Option<Call>, nth: u64) {
        self.0.lock().end = Some((call, nth));
    }

    /// Returns the file system as another process finds it after this one was killed. Planned
    /// faults are still to come.
    pub(super) fn kill(&self) -> Self {
        let state = self.0.lock();
        let mut next = State {
            inodes: state.inodes.clone(),
            seen: state.seen.clone(),
            disk: state.disk.clone(),
            calls: state.calls.clone(),
            plan: state.plan,
            struck: state.struck,
            ..State::default()
        };
        next.forget_unnamed();
        Self(Arc::new(Mutex::new(next)))
    }

    /// Returns the file system as it is found when the power is back.
    pub(super) fn lose_power(&self, random: &mut Random) -> Self {
        let state = self.0.lock();
        let mut names = state.disk.clone();
        for name in state.seen.keys().chain(state.disk.keys()) {
            let (seen, disk) = (state.seen.get(name), state.disk.get(name));
            if seen == disk {
                continue;
            }
            match (random.one_in(2), seen) {
                (true, Some(&inode)) => names.insert(name.clone(), inode),
                (true, None) => names.remove(name),
                (false, _) => None,
            };
        }
        let inodes = state
            .inodes
            .iter()
            .map(|inode| {
                let content = inode.after_power_loss(random);
                Inode {
                    seen: content.clone(),
                    disk: content,
                    unsynced: Vec::new(),
                }
            })
            .collect();
        let mut next = State {
            inodes,
            seen: names.clone(),
            disk: names,
            ..State::default()
        };
        next.forget_unnamed();
        Self(Arc::new(Mutex::new(next)))
    }

    /// Returns the names and contents of all files.
    pub(super) fn content(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.0.lock();
        let files = state.seen.iter();
        files
            .map(|(name, &inode)| (name.clone(), state.inodes[inode].seen.clone()))
            .collect()
    }

    /// Returns a file system with these files, all on disk.
    pub(super) fn with(content: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut state = State::default();
        for (index, (name, bytes)) in content.iter().enumerate() {
            state.inodes.push(Inode {
                seen: bytes.clone(),
                disk: bytes.clone(),
                unsynced: Vec::new(),
            });
            state.seen.insert(name.clone(), index);
        }
        state.disk = state.seen.clone();
        Self(Arc::new(Mutex::new(state)))
    }

    fn enter(&self, call: Call) -> Result<Option<Fault>, io::Error> {
        let mut state = self.0.lock();
        if let Some((kind, left)) = &mut state.end {
            if *left == 0 && (*kind).is_none_or(|kind| kind == call) {
                // From here on all calls.
                *kind = None;
                return Err(ErrorKind::BrokenPipe.into());
            }
            *left -= u64::from((*kind).is_none_or(|kind| kind == call));
        }
        let count = state.calls.entry(call).or_default();
        let nth = *count;
        *count += 1;
        let Some(plan) = state.plan.filter(|plan| plan.call == call) else {
            return Ok(None);
        };
        if nth < plan.nth || nth - plan.nth >= plan.times {
            return Ok(None);
        }
        state.struck = true;
        match plan.fault {
            Fault::Error(kind) if matches!(call, Call::Sync | Call::Write) => {
                Ok(Some(Fault::Error(kind)))
            }
            Fault::Error(kind) => {
                state.lost |= call == Call::SyncDirectory;
                Err(kind.into())
            }
            fault => Ok(Some(fault)),
        }
    }
}

impl State {
    fn forget_unnamed(&mut self) {
        for (index, inode) in self.inodes.iter_mut().enumerate() {
            let mut named = self.seen.values().chain(self.disk.values());
            if !named.any(|of| *of == index) {
                *inode = Inode::default();
            }
        }
    }

    fn is_segment(&self, inode: usize) -> bool {
        let mut names = self.seen.iter().filter(|(_, of)| **of == inode);
        names.any(|(name, _)| name.extension() == Some("segment".as_ref()))
    }
}

impl Inode {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.seen, offset, bytes);
        self.unsynced.push((offset, bytes.to_vec()));
    }

    fn after_power_loss(&self, random: &mut Random) -> Vec<u8> {
        let mut disk = self.disk.clone();
        // A file whose size was not synced has any size up to it.
        if disk.len() < self.seen.len() && random.one_in(2) {
            disk.resize(self.seen.len(), 0);
        }
        let mood = random.below(4);
        for (offset, bytes) in &self.unsynced {
            let mut at = *offset;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let length = (SECTOR - at % SECTOR).min(rest.len());
                let (piece, behind) = rest.split_at(length);
                let kept = match mood {
                    // Everything, nothing, whole sectors, any part.
                    0 => 0..length,
                    1 => 0..0,
                    2 => 0..if random.one_in(2) { length } else { 0 },
                    _ => {
                        let end = random.below(length as u64 + 1) as usize;
                        random.below(end as u64 + 1) as usize..end
                    }
                };
                put(&mut disk, at + kept.start, &piece[kept]);
                (at, rest) = (at + length, behind);
            }
        }
        disk
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

struct SimFile {
    files: SimFiles,
    inode: usize,
}

impl Files for SimFiles {
    fn create_directory(&self, _: &Path) -> io::Result<()> {
        self.enter(Call::CreateDirectory)?;
        Ok(())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        self.enter(Call::List)?;
        let state = self.0.lock();
        let names = state.seen.keys().filter_map(|path| path.file_name());
        Ok(names
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.enter(Call::Create)?;
        let mut state = self.0.lock();
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.seen.insert(path.to_owned(), inode);
        Ok(Arc::new(SimFile {
            files: self.clone(),
            inode,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.enter(Call::Open)?;
        let state = self.0.lock();
        let inode = *state.seen.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile {
            files: self.clone(),
            inode,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.enter(Call::Rename)?;
        let mut state = self.0.lock();
        let inode = state.seen.remove(from).ok_or(ErrorKind::NotFound)?;
        state.seen.insert(to.to_owned(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.enter(Call::Remove)?;
        let removed = self.0.lock().seen.remove(path);
        removed.map(|_| ()).ok_or(ErrorKind::NotFound.into())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        self.enter(Call::SyncDirectory)?;
        let mut state = self.0.lock();
        state.disk = state.seen.clone();
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        struct Unlock(SimFiles);
        impl Drop for Unlock {
            fn drop(&mut self) {
                self.0.0.lock().locked = false;
            }
        }
        self.enter(Call::Lock)?;
        let mut state = self.0.lock();
        if state.locked {
            return Err(ErrorKind::WouldBlock.into());
        }
        state.locked = true;
        drop(state);
        Ok(Box::new(Unlock(self.clone())))
    }
}

impl File for SimFile {
    fn size(&self) -> io::Result<u64> {
        self.files.enter(Call::Size)?;
        Ok(self.files.0.lock().inodes[self.inode].seen.len() as u64)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.files.enter(Call::Allocate)?;
        let mut state = self.files.0.lock();
        state.inodes[self.inode].seen.resize(bytes as usize, 0);
        Ok(())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let fault = self.files.enter(Call::Read)?;
        let state = self.files.0.lock();
        let content = &state.inodes[self.inode].seen;
        let rest = content.get(offset as usize..).unwrap_or_default();
        let mut length = rest.len().min(bytes.len());
        if fault == Some(Fault::Short) {
            length = length.div_ceil(2);
        }
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let fault = self.files.enter(Call::Write)?;
        let mut state = self.files.0.lock();
        let fails = |fault| !matches!(fault, Fault::Short | Fault::Error(ErrorKind::Interrupted));
        state.lost |= fault.is_some_and(fails) && state.is_segment(self.inode);
        let written = match fault {
            None => bytes,
            Some(Fault::Short | Fault::Half(_)) => &bytes[..bytes.len().div_ceil(2)],
            Some(Fault::Error(_)) => &[],
        };
        state.inodes[self.inode].write(offset as usize, written);
        match fault {
            Some(Fault::Error(kind) | Fault::Half(kind)) => Err(kind.into()),
            _ => Ok(written.len()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let fault = self.files.enter(Call::Sync)?;
        let mut state = self.files.0.lock();
        let named = state.is_segment(self.inode);
        let inode = &mut state.inodes[self.inode];
        if let Some(Fault::Error(kind) | Fault::Half(kind)) = fault {
            // What was to be written is forgotten, and nobody will write it again.
            inode.unsynced.clear();
            state.lost |= named;
            return Err(kind.into());
        }
        let unsynced = std::mem::take(&mut inode.unsynced);
        inode.disk.resize(inode.seen.len(), 0);
        for (offset, bytes) in unsynced {
            put(&mut inode.disk, offset, &bytes);
        }
        Ok(())
    }
}
