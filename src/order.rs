//! Which interface comes before which: `requires`, the ports of a bridge, what a VLAN is on, and a member's VRF.

use crate::conf::keywords::Property;
use crate::conf::stanzas::Iface;
use crate::plan::{Plan, Walk};

/// An interface whose turn it is.
#[derive(Clone, Copy)]
pub enum Node<'a> {
    /// One that the configuration describes.
    Iface(Iface),
    /// One that is only named: it is to be up, nothing more. With the line that names it.
    Bare(&'a [u8], u32),
    /// None: a line that requires, by itself or by others, its own interface. And the word that closes the ring.
    Ring(Property<'a>, &'a [u8]),
}

/// What is the matter with a ring.
pub const RING: &str = "a cycle: it requires, by itself or by others, this interface";

/// An interface that is done.
const DONE: u32 = u32::MAX;
/// An interface that nothing led to.
const ROOT: u32 = u32::MAX - 1;

/// Gives `emit` all that `start` needs, each once, and `start` last. `marks` has a 0 for each stanza at first and is
/// kept between calls, so that what was given once is not given again.
///
/// A ring of `requires` is given as such, and goes on if `emit` likes it. A ring closed by a membership is none: the VRF
/// is made before anything else, which is all that a member needs.
pub fn walk<'a>(plan: &Plan<'a>, start: Iface, marks: &mut [u32], emit: &mut dyn FnMut(Node<'a>) -> Walk) -> Walk {
    if marks.get(start.0) != Some(&0) {
        return Ok(());
    }
    // The way back is kept in the marks of those that wait: no stack, however long the chain.
    let mut current = start;
    set(marks, start, ROOT);
    loop {
        if let Some(next) = waits_for(plan, current, marks, emit)? {
            set(marks, next, u32::try_from(current.0).unwrap_or(ROOT).saturating_add(1));
            current = next;
            continue;
        }
        let mut done = Ok(());
        plan.conf().each_need(current, &mut |property, name| {
            if plan.conf().find(name).is_none() {
                done = emit(Node::Bare(name, property.at));
            }
            done.is_ok()
        });
        done?;
        emit(Node::Iface(current))?;
        let back = marks.get(current.0).copied().unwrap_or(ROOT);
        set(marks, current, DONE);
        if back == ROOT {
            return Ok(());
        }
        current = Iface(usize::try_from(back.saturating_sub(1)).unwrap_or(0));
    }
}

fn set(marks: &mut [u32], iface: Iface, mark: u32) {
    if let Some(place) = marks.get_mut(iface.0) {
        *place = mark;
    }
}

/// The first interface that has to come before `iface` and has not been reached yet.
fn waits_for<'a>(
    plan: &Plan<'a>,
    iface: Iface,
    marks: &[u32],
    emit: &mut dyn FnMut(Node<'a>) -> Walk,
) -> Result<Option<Iface>, crate::error::Exit> {
    let mark = |other: Iface| marks.get(other.0).copied().unwrap_or(DONE);
    let mut found = Ok(None);
    plan.conf().each_need(iface, &mut |property, name| {
        match plan.conf().find(name).map(|other| (other, mark(other))) {
            None | Some((_, DONE)) => {}
            Some((other, 0)) => found = Ok(Some(other)),
            Some(_) => found = emit(Node::Ring(property, name)).map(|()| None),
        }
        matches!(found, Ok(None))
    });
    if let Some(other) = found? {
        return Ok(Some(other));
    }
    let master = plan.master(iface).and_then(|property| plan.conf().find(property.first()));
    Ok(master.filter(|other| mark(*other) == 0))
}
