//! The filter that strict has in the place of a Landlock domain.

use vrf_launch::bind::filter::{Insn, Processor};
use vrf_launch::bind::untraced;

use crate::calls::{PROCESSORS, X32, call, name, numbers, runs};
use crate::classic::{run, verify};

/// What looks into another process, or takes its descriptors.
const REFUSED: [&str; 4] = ["ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"];
/// The numbers of the first three in programs of x32. Source: `arch/x86/entry/syscalls/syscall_64.tbl`.
const OF_X32: [u32; 3] = [521, 539, 540];
const ALLOWED: u32 = 0x7fff_0000;
const EPERM: u32 = 0x0005_0001;

fn filter(processor: Processor) -> Vec<Insn> {
    let mut insns = Vec::new();
    untraced::of(processor, &mut |insn| insns.push(insn));
    insns
}

#[test]
fn calls_that_look_into_processes_are_refused_and_no_others() {
    for processor in PROCESSORS {
        let filter = filter(processor);
        verify(&filter).expect("a filter that the kernel takes");
        for arch in runs(processor) {
            let mut refused = 0;
            for number in numbers() {
                let (name, x32) = name(*arch, number);
                let is_refused = REFUSED.contains(&name) || (x32 && OF_X32.contains(&(number & !X32)));
                let wanted = if is_refused { EPERM } else { ALLOWED };
                assert_eq!(run(&filter, &call(*arch, number, [0; 6])), wanted, "{processor:?} {arch:#x} {number:#x}");
                refused += u32::from(is_refused && !x32);
            }
            assert_eq!(refused, 4, "{processor:?} {arch:#x}");
        }
    }
}

#[test]
fn the_filter_of_this_processor_is_the_one_that_is_installed() {
    if cfg!(target_arch = "x86_64") {
        assert_eq!(filter(Processor::X86_64), untraced::filter());
    }
}
