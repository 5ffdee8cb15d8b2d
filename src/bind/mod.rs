//! Binding: from here on, each new socket of this process and its children belongs to a VRF.
//!
//! The backend is a cgroup with a BPF program that runs when a socket is made ([`cgroup`], [`program`]). Nothing is
//! believed: before the service is started, a socket of each family is made and asked what it is bound to ([`proof`]).

pub mod cgroup;
pub mod program;
pub mod proof;

use crate::error::{Errno, Error, Exit, What, Why};
use crate::log::{Outcome, refused, say};
use crate::sys::{OwnedFd, bpf, process};
use crate::text::Buf;
use crate::uapi;
use cgroup::Target;

/// Binds this process to a VRF, given its name and index; `None` takes it out of any.
pub fn bind(vrf: Option<(&[u8], u32)>) -> Outcome {
    let (name, index) = vrf.unwrap_or((b"default", 0));
    let mut target = Target::new();
    target.find()?;
    let joined = target.open(vrf.map(|(name, _)| name)).and_then(|folder| {
        if index != 0 {
            attach(&folder, index)?;
        }
        cgroup::join(&folder)?;
        core::mem::forget(folder); // exec closes it
        Ok(())
    });
    joined.map_err(|errno| {
        let advice = match errno {
            Errno::EROFS => "the cgroup2 tree is read-only here; binding needs one that can be written",
            Errno::EACCES | Errno::EPERM => "this needs root, or a cgroup2 tree that is yours",
            _ => "binding needs a kernel with CONFIG_CGROUP_BPF and a cgroup2 that can be written",
        };
        refuse("join VRF", name, errno, target.path.as_bytes(), advice)
    })?;
    prove(name, index)
}

/// Says what the kernel refused, more of it, and what to do about it.
#[cold]
#[inline(never)]
fn refuse(deed: &'static str, thing: &[u8], errno: Errno, detail: &[u8], advice: &'static str) -> Exit {
    say(&Error { detail, advice, ..Error::system(What::Deed(deed, thing), errno) })
}

/// Sees to it that the cgroup's program binds to that interface: one that does is left, one that binds to another is
/// replaced in one step, so that no socket is made unbound meanwhile.
fn attach(cgroup: &OwnedFd, index: u32) -> Result<(), Errno> {
    /// Ours is one of them; the others are those of managers above. The kernel allows 64.
    const PROGRAMS: usize = 64;
    let wanted = program::bind_name(index);
    let mut ids = [0; PROGRAMS];
    let count = bpf::query(cgroup, bpf::SOCK_CREATE, &mut ids)?;
    let (mut stale, mut name) = (None, program::Name::default());
    for id in ids.iter().take(count) {
        let Ok(fd) = bpf::open(*id) else { continue }; // gone since
        bpf::name(&fd, &mut name)?;
        if name == wanted {
            core::mem::forget(fd); // exec closes it
            return Ok(());
        }
        if name.starts_with(&program::NAME_START) {
            stale = Some(fd);
        }
    }
    let program = load(&wanted, index)?;
    let attached = match bpf::attach(cgroup, &program, bpf::SOCK_CREATE, bpf::ALLOW_MULTI, stale.as_ref()) {
        // Somebody else has replaced it since: then there is none of ours.
        Err(Errno::ENOENT) => bpf::attach(cgroup, &program, bpf::SOCK_CREATE, bpf::ALLOW_MULTI, None),
        other => other,
    };
    core::mem::forget(program); // exec closes it
    attached
}

fn load(name: &program::Name, index: u32) -> Result<OwnedFd, Errno> {
    let program = program::bind(index);
    match bpf::load_sock_create(name, &program) {
        Err(Errno::EPERM) => {}
        other => return other,
    }
    // Before 5.11 a program counts as locked memory, of which 64 KiB is the usual limit. The service is to find its own.
    let mut limits = [u64::MAX; 2];
    process::swap_memlock_limits(&mut limits)?;
    let loaded = bpf::load_sock_create(name, &program);
    process::swap_memlock_limits(&mut limits)?;
    loaded
}

/// Makes sure that new sockets are bound as asked, or the service must not start.
fn prove(name: &[u8], wanted: u32) -> Outcome {
    for (family, version) in [(uapi::AF_INET, 4), (uapi::AF_INET6, 6)] {
        let bound = match proof::bound_to(family) {
            Ok(None) => continue, // no such sockets, then
            Ok(Some(bound)) => bound,
            Err(errno) => return Err(refused("prove VRF", name, errno)),
        };
        if bound != wanted {
            let mut room = [0; 256];
            let mut text = Buf::new(&mut room);
            text.str("a new IPv").num(version).str(" socket is bound to interface ").num(bound);
            text.str(" and not to ").num(wanted).str(": not started");
            let advice =
                "a program of a cgroup above, or cgroup v1 net_cls or net_prio before Linux 5.15, stands in the way";
            let error = Error::system(What::Deed("prove VRF", name), Errno::EPROTO);
            return Err(say(&Error { why: Why::Text(text.as_bytes()), advice, ..error }));
        }
    }
    Ok(())
}
