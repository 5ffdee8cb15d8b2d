#!/bin/sh
# The first process: USR1 halts, and a disk is unmounted before.
# kernels: once
# init: init-test.conf
# processors: all
# modules: vrf
# cases: services_get_term_first
# says: vrf-launch: halting
# says: reboot: System halted
case_ it_halts
sh -c 'trap "" TERM; sleep 1000' &
end_
kill -USR1 1
