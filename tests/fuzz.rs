//! The corpora of the fuzz targets are replayed, with every byte of each file changed once: nothing panics.

#[path = "fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut count = 0;
    for file in fs::read_dir(&folder).expect("a corpus") {
        let bytes = fs::read(file.expect("a file").path()).expect("a file");
        target(&bytes);
        for at in (0..bytes.len()).step_by(bytes.len() / 16 + 1) {
            let mut other = bytes.clone();
            other[at] = !other[at];
            target(&other);
            target(&bytes[..at]);
        }
        count += 1;
    }
    assert!(count > 0, "{name}: no corpus");
}

macro_rules! replayed {
    ($($name:ident)*) => { $(#[test] fn $name() { replay(stringify!($name), targets::$name); })* };
}
replayed! { configuration ip command_line netlink answers accounts cgroups processes notifications record }
