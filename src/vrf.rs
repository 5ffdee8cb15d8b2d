//! VRFs as the kernel has them: a VRF by its name, and the interfaces that are its own.

use crate::apply::{any_index, member_index, vrf_index};
use crate::error::Errno;
use crate::limits;
use crate::rtnl::Rtnl;
use crate::sys::file;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::uapi;
use crate::wire::msg::Writer;
use crate::wire::query;

/// The index of the VRF of that name; 0 for an interface that is no VRF. Errors: `ENODEV` where there is none.
pub fn index(rtnl: &mut Rtnl, name: &[u8]) -> Result<u32, Errno> {
    let mut index = 0;
    ask(rtnl, name, &mut |link| index = vrf_index(link))?;
    Ok(index)
}

/// The index of the interface of that name, likewise.
pub fn link_index(rtnl: &mut Rtnl, name: &[u8]) -> Result<u32, Errno> {
    let mut index = 0;
    ask(rtnl, name, &mut |link| index = any_index(link))?;
    Ok(index)
}

/// Whether a process is in this network namespace; who may not see that is taken to be told the truth.
pub fn shares_network(pid: &[u8]) -> bool {
    let mut path = Path::new();
    let own = file::identity(c"/proc/self/ns/net");
    let theirs = file::identity(path.add(b"/proc/").add(pid).add(b"/ns/net").c_str());
    own == theirs || theirs.is_err()
}

/// Whether the interface of that index is not a VRF. Errors: `ENODEV` where there is none.
#[inline(never)]
pub fn is_plain(rtnl: &mut Rtnl, index: u32) -> Result<bool, Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::link(index, &mut question);
    let mut plain = false;
    rtnl.ask(uapi::RTM_GETLINK, question.bytes(), &mut |link| plain = vrf_index(link) == 0)?;
    Ok(plain)
}

/// Shows `read` what the kernel says of the interface of that name.
#[inline(never)]
pub fn ask(rtnl: &mut Rtnl, name: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::link_by_name(name, &mut question);
    rtnl.ask(uapi::RTM_GETLINK, question.bytes(), read)
}

/// Puts the indices of a VRF's members and its own into an empty list, in ascending order.
#[inline(never)]
pub fn interfaces(rtnl: &mut Rtnl, vrf: u32, list: &mut List<u32>) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::links_of_master(vrf, &mut question);
    let mut grown = list.push(vrf);
    rtnl.dump(uapi::RTM_GETLINK, question.bytes(), &mut |link| match link.map(|link| member_index(link, vrf)) {
        None => list.truncate(1), // it comes again
        Some(0) => {}
        Some(member) => grown = grown.and_then(|()| list.push(member)),
    })?;
    grown?;
    // By hand: they come almost sorted, and the library's sorting is large.
    let list = list.as_mut_slice();
    for end in 1..list.len() {
        for at in (0..end).rev() {
            match list.get_mut(at..at + 2) {
                Some([low, high]) if *low > *high => core::mem::swap(low, high),
                _ => break,
            }
        }
    }
    Ok(())
}
