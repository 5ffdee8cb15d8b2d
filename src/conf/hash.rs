//! Open addressing: finds a number by what it stands for, in slots that the caller provides.
//!
//! A slot holds a number plus 1; 0 is free. There are a power of two of them, and at most half are used, so a search
//! always ends.

/// Slots for `n` numbers.
pub const fn slots(n: usize) -> usize {
    (n * 2 + 1).next_power_of_two()
}

/// Where a search ended.
pub enum Probe {
    /// At the number.
    Found(usize),
    /// At the slot where it would be.
    Free(usize),
}

/// Looks through the slots from where `hash` points, until `is_it` says so or a slot is free.
pub fn probe(slots: &[u32], hash: u32, is_it: &dyn Fn(usize) -> bool) -> Probe {
    let mask = slots.len().saturating_sub(1);
    let mut slot = usize::try_from(hash).unwrap_or(0) & mask;
    loop {
        let number = slots.get(slot).copied().unwrap_or(0).checked_sub(1).and_then(|n| usize::try_from(n).ok());
        match number {
            None => return Probe::Free(slot),
            Some(n) if is_it(n) => return Probe::Found(n),
            Some(_) => slot = (slot + 1) & mask,
        }
    }
}

/// Puts a number into a slot that [`probe`] found free.
pub fn fill(slots: &mut [u32], slot: usize, number: usize) {
    if let (Some(slot), Ok(number)) = (slots.get_mut(slot), u32::try_from(number.saturating_add(1))) {
        *slot = number;
    }
}

/// FNV-1a, 32 bits.
pub fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}
