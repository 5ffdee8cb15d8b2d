//! What runs in a VRF: the processes of its cgroups, and others whose sockets are bound to it; with the sockets that they
//! listen at.

use super::COLUMN;
use super::out::{Look, Out};
use crate::adopt::{self, Held};
use crate::bind::Vrf;
use crate::bind::cgroup;
use crate::bind::program::Level;
use crate::bytes::before;
use crate::check;
use crate::conf::values::u32_;
use crate::conf::words::Words;
use crate::error::Errno;
use crate::limits;
use crate::proc::Lines;
use crate::service::user;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file, net, process};
use crate::text::Buf;
use crate::vrf;

/// A socket of IPv4 or IPv6 that is bound to an interface, or that others may send or connect to.
#[derive(Clone, Copy)]
pub struct Socket {
    pid: u32,
    /// The interface that it is bound to; 0 for none.
    pub bound: u32,
    /// Kind and protocol, if others may send or connect to it.
    pub listens: Option<(u32, u32)>,
    address: [u8; 28],
    inode: u32,
}

impl Socket {
    /// The port that it listens at.
    pub const fn port(&self) -> u16 {
        let [_, _, high, low, ..] = self.address;
        u16::from_be_bytes([high, low])
    }

    /// Adds `tcp 0.0.0.0:22` to a text.
    #[inline(never)]
    pub fn put(&self, out: &mut Buf<'_>) {
        let (kind, protocol) = self.listens.unwrap_or_default();
        adopt::put_protocol(kind, protocol, out);
        adopt::endpoint(&self.address, out.byte(b' '));
    }
}

/// The sockets of this network namespace; false where not all of them may be seen.
#[inline(never)]
pub fn sockets(list: &mut List<Socket>) -> Result<bool, Errno> {
    let own = u32::try_from(process::getpid()).unwrap_or(0);
    let (mut all, mut grown) = (true, Ok(()));
    let mut add = |pid: u32, held: &Held, socket: &OwnedFd| {
        let listens = adopt::listens(socket);
        if listens.is_some() || held.was != 0 {
            let address = net::name(socket, false).unwrap_or([0; 28]);
            grown =
                grown.and_then(|()| list.push(Socket { pid, bound: held.was, listens, address, inode: held.inode }));
        }
        true
    };
    file::entries(&file::open_dir(c"/proc")?, &mut |entry, _| {
        if let Some(pid) = u32_(entry).ok().filter(|pid| *pid != own && vrf::shares_network(entry)) {
            // One that has ended has none.
            all &= !matches!(
                adopt::sockets(pid, &mut |held, socket| add(pid, held, socket)),
                Err(Errno::EPERM | Errno::EACCES)
            );
        }
        true
    })?;
    grown.map(|()| all)
}

/// What /proc/PID/status says.
pub struct Status {
    name: [u8; 64],
    user: [u8; 10],
    /// Whether it has a filter of system calls.
    pub filtered: bool,
}

impl Status {
    /// Its name, as the file has it.
    pub fn name(&self) -> &[u8] {
        before(&self.name, 0)
    }

    /// The number of its user.
    pub fn user(&self) -> &[u8] {
        before(&self.user, 0)
    }
}

#[inline(never)]
fn copy(from: &[u8], to: &mut [u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Reads it; `None` where the process has ended.
#[inline(never)]
pub fn status(pid: &[u8]) -> Option<Status> {
    let mut status = Status { name: [0; 64], user: [0; 10], filtered: false };
    let mut lines = Lines::new();
    lines.open(cgroup::of_process(&mut Path::new(), pid, b"/status")).ok()?;
    while let Ok(true) = lines.advance() {
        let line = lines.line.as_bytes();
        let key = before(line, b'\t');
        let value = line.get(key.len() + 1..).unwrap_or_default();
        if check::is(key, b"Name:") {
            copy(value, &mut status.name);
        } else if check::is(key, b"Uid:") {
            copy(before(value, b'\t'), &mut status.user);
        } else if check::is(key, b"Seccomp:") {
            status.filtered = !check::is(value, b"0");
        }
    }
    Some(status)
}

/// Notes what is wrong with the programs of a cgroup; `start` is the length of the mount's path.
#[inline(never)]
fn judge(vrf: &Vrf<'_>, level: Option<Level>, path: &mut Path, start: usize, out: &mut Out) -> Result<(), Errno> {
    let folder = file::open_dir(path.c_str())?;
    let (mut room, mut other) = ([0; 512], [0; limits::LINE]);
    let mut faults = Buf::new(&mut other);
    check::programs_of(vrf, level, &folder, &mut Buf::new(&mut room), &mut faults)?;
    out.fault(path.as_bytes().get(start..).unwrap_or_default(), faults.as_bytes());
    Ok(())
}

/// The same of all cgroups of a VRF.
#[inline(never)]
pub fn judge_all(vrf: &Vrf<'_>, out: &mut Out) -> Result<(), Errno> {
    let mut root = Path::new();
    if !cgroup::mounted(&mut root) {
        return Ok(());
    }
    let start = root.len();
    check::each_service(&|name| name == vrf.name, &mut root, &mut |level, path, _| judge(vrf, level, path, start, out))
}

/// What is known of all VRFs' services.
pub struct Services {
    /// The sockets there are.
    pub sockets: List<Socket>,
    accounts: &'static [u8],
}

impl Services {
    /// Looks at all processes.
    #[inline(never)]
    pub fn read(out: &mut Out) -> Result<Self, Errno> {
        let mut sockets_ = List::new();
        let all = sockets(&mut sockets_)?;
        out.flag("all_sockets", all);
        if !all {
            out.say_line(0, Look::Plain, "(sockets of others are not seen: that needs root)");
        }
        Ok(Self { sockets: sockets_, accounts: user::accounts() })
    }

    /// Tells of a VRF's services.
    #[inline(never)]
    pub fn tell(&self, vrf: &Vrf<'_>, out: &mut Out) -> Result<(), Errno> {
        let mut told: List<u32> = List::new();
        let mut root = Path::new();
        out.list("services");
        if cgroup::mounted(&mut root) {
            let start = root.len();
            check::each_service(&|name| name == vrf.name, &mut root, &mut |level, path, pids| {
                judge(vrf, level, path, start, out)?;
                let path = path.as_bytes().get(start..).unwrap_or_default();
                for pid in Words::new(pids) {
                    told.push(u32_(pid).unwrap_or(0))?;
                    self.process(vrf, pid, level, path, out)?;
                }
                Ok(())
            })?;
        }
        for socket in self.sockets.as_slice() {
            if socket.bound == vrf.index && !told.as_slice().contains(&socket.pid) {
                told.push(socket.pid)?;
                let mut room = [0; 10];
                let digits = Buf::new(&mut room).num(socket.pid).as_bytes().len();
                self.process(vrf, room.get(..digits).unwrap_or_default(), None, b"", out)?;
            }
        }
        out.close();
        Ok(())
    }

    #[inline(never)]
    fn process(
        &self,
        vrf: &Vrf<'_>,
        pid: &[u8],
        level: Option<Level>,
        cgroup: &[u8],
        out: &mut Out,
    ) -> Result<(), Errno> {
        let Some(status) = status(pid) else { return Ok(()) };
        let number = u32_(pid).unwrap_or(0);
        let uid = status.user();
        let name = user::name_of(self.accounts, uid);
        out.row();
        out.say("service");
        out.pad(COLUMN);
        out.item();
        out.num("pid|", number);
        out.text("name| ", status.name());
        out.text("user|, user ", if name.is_empty() { uid } else { name });
        out.num("uid", u32_(uid).unwrap_or(0));
        // Without a cgroup nothing looks at packets.
        out.word("level|, ", level.map_or("bind", Level::name));
        out.word(
            "backend| by ",
            match (cgroup.is_empty(), level) {
                (false, Some(_)) => "cgroup",
                (false, None) => "ip vrf exec",
                _ if status.filtered => "seccomp",
                _ => "itself",
            },
        );
        if !cgroup.is_empty() {
            out.text("cgroup", cgroup);
        }
        out.list("listens");
        let mut last = 0;
        let mut room = [0; 24];
        let mut process = Buf::new(&mut room);
        process.str("process ").bytes(pid);
        for socket in self.sockets.as_slice().iter().filter(|socket| socket.pid == number && socket.listens.is_some()) {
            if core::mem::replace(&mut last, socket.inode) == socket.inode {
                continue; // another descriptor for the same
            }
            out.composed("|, ", &|out| socket.put(out));
        }
        out.close();
        out.close();
        out.end();
        if level > Some(Level::Bind) && !status.filtered {
            out.fault(process.as_bytes(), check::NO_FILTER.as_bytes());
        }
        // A program that binds its sockets itself may have others.
        if cgroup.is_empty() && !status.filtered {
            return Ok(());
        }
        adopt::strays(number, vrf, &mut List::new(), &mut |held, socket| {
            let mut room = [0; 160];
            let mut text = Buf::new(&mut room);
            adopt::put_stray(held, socket, &mut text);
            out.fault(process.as_bytes(), text.as_bytes());
        })
    }
}
