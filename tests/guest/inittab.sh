#!/bin/sh
# Alpine's busybox init runs the lines of initramfs/inittab, which it hands to no shell.
#
#   lan  10.20.30.1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1
# kernels: alpine-6.18
# setup: inittab.setup
# timeout: 90
# says: reboot: Restarting system
export PATH=/usr/bin:/bin:/usr/sbin:/sbin

on() {
    host_=$1
    shift
    /test/bin/ip netns exec "$host_" "$@"
}
daemon() {
    pgrep -o -f '^sshd: /usr/sbin/sshd -D -e'
}
banner() {
    on "$1" nc -w 10 "$2" 22 </dev/null 2>/tmp/said | head -n 1
}

case_ sysinit_brings_up
expect 'the VRF' soon test -d /sys/class/net/mgmt
equal 'its member' "$(readlink /sys/class/net/eth0/master)" ../mgmt

case_ respawn_starts_in_the_vrf
soon daemon >/tmp/said || fail 'it does not run'
equal 'in the VRF' "$(vrf-launch identify "$(daemon)")" mgmt
equal 'as a child of init, no shell between' "$(awk '{ print $4 }' "/proc/$(daemon)/stat")" 1
match 'it answers the management LAN' "$(banner lan 10.20.30.40)" '^SSH-2.0-OpenSSH'
equal 'and nobody else' "$(banner net 203.0.113.40)" ''
before=$(daemon)
kill -9 "$before"
again() { daemon >/tmp/said && [ "$(daemon)" != "$before" ]; }
expect 'again' soon again
equal 'and in the VRF again' "$(vrf-launch identify "$(daemon)")" mgmt
answers() { [ -n "$(banner lan 10.20.30.40)" ]; }
expect 'it answers' soon answers

case_ shutdown_takes_down
end_
reboot
