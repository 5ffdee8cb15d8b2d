//! A writer of cpio archives in the format "newc", of which an initramfs is made.
//!
//! Layout of one entry: `070701`, thirteen numbers of eight hexadecimal digits, the name with a zero byte,
//! padding to 4, the contents, padding to 4. Archives may be joined end to end: later entries win.
//! Source: Linux, `Documentation/driver-api/early-userspace/buffer-format.rst`.

use std::collections::BTreeSet;

const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHARACTER_DEVICE: u32 = 0o020_000;

/// An archive that grows. Names are without a leading slash; missing parent folders are made.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    count: u32,
}

impl Archive {
    /// A folder, mode 0755.
    pub fn folder(&mut self, name: &str) {
        self.folder_with_mode(name, 0o755);
    }

    /// A folder with the given mode.
    pub fn folder_with_mode(&mut self, name: &str, mode: u32) {
        self.parents(name);
        if self.folders.insert(name.to_owned()) {
            self.entry(name, DIRECTORY | mode, (0, 0), &[]);
        }
    }

    /// A regular file.
    pub fn file(&mut self, name: &str, mode: u32, contents: &[u8]) {
        self.parents(name);
        self.entry(name, FILE | mode, (0, 0), contents);
    }

    /// A symbolic link.
    pub fn link(&mut self, name: &str, target: &str) {
        self.parents(name);
        self.entry(name, LINK | 0o777, (0, 0), target.as_bytes());
    }

    /// A character device.
    pub fn device(&mut self, name: &str, mode: u32, major: u32, minor: u32) {
        self.parents(name);
        self.entry(name, CHARACTER_DEVICE | mode, (major, minor), &[]);
    }

    /// The finished archive, of which the length is a multiple of 4.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn parents(&mut self, name: &str) {
        if let Some((parent, _)) = name.rsplit_once('/') {
            self.folder(parent);
        }
    }

    fn entry(&mut self, name: &str, mode: u32, (major, minor): (u32, u32), contents: &[u8]) {
        self.count += 1;
        let (length, name_length) = (contents.len(), name.len() + 1);
        // inode, mode, uid, gid, links, mtime, length, device, device, major, minor, length of the name, checksum
        let header = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{length:08x}{:08x}{:08x}{major:08x}{minor:08x}{name_length:08x}{:08x}",
            self.count, 0, 0, 1, 0, 0, 0, 0
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(contents);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
