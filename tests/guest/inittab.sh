#!/bin/sh
# Alpine's busybox init runs the lines of initramfs/inittab, which it hands to no shell.
# kernels: alpine-6.18
# setup: inittab.setup
# timeout: 60
# says: reboot: Restarting system
export PATH=/usr/bin:/bin:/usr/sbin:/sbin

daemon() {
    pgrep -x -f '/bin/sleep 10001'
}

case_ sysinit_brings_up
expect 'the VRF' soon grep -q mgmt: /proc/net/dev

case_ respawn_starts_in_the_vrf
soon daemon >/tmp/said || fail 'it does not run'
equal 'in the VRF' "$(vrf-launch identify "$(daemon)")" mgmt
equal 'as a child of init, no shell between' "$(awk '{ print $4 }' "/proc/$(daemon)/stat")" 1
before=$(daemon)
kill -9 "$before"
again() { daemon >/tmp/said && [ "$(daemon)" != "$before" ]; }
expect 'again' soon again
equal 'and in the VRF again' "$(vrf-launch identify "$(daemon)")" mgmt

case_ shutdown_takes_down
end_
reboot
