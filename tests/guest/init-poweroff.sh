#!/bin/sh
# The first process: USR2 powers off; a machine whose power the kernel cannot switch halts then.
# kernels: once
# init: init-test.conf
# processors: all
# modules: vrf
# cases: services_get_term_first
# says: vrf-launch: powering off
# says: System halted | reboot: Power down
case_ it_powers_off
end_
kill -USR2 1
