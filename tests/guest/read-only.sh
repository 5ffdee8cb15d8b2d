#!/bin/sh
# Nothing that up, launches and the first process do is written to the disk: the root is mounted to be read.
# kernels: alpine-6.18
# setup: read-only.setup
# timeout: 120
# says: reboot: Restarting system
export PATH=/usr/bin:/bin:/usr/sbin:/sbin

case_ interfaces_and_services_come_up
match 'the root' "$(grep ' / ' /proc/mounts)" ' ext4 ro[, ]'
equal 'the member' "$(readlink /sys/class/net/lan0/master)" ../mgmt
equal 'a strict service with a resolv.conf of its own' "$(vrf-launch identify "$(pgrep -x -f '/bin/sleep 10001')")" mgmt

case_ down_and_up_again
expect 'down' vrf-launch down mgmt
# The first process looks at interfaces 100 ms after one has changed, and brings up what has gone; this one is left alone.
sleep 0.5
expect 'another has gone' vrf-launch ip link del lan0
soon test -d /sys/class/net/lan0 || fail 'what was deleted is made again'
refuse 'what was taken down stays down' test -d /sys/class/net/mgmt
expect 'up' vrf-launch up
equal 'the member' "$(readlink /sys/class/net/lan0/master)" ../mgmt
equal 'a launch' "$(vrf-launch mgmt -- vrf-launch identify)" mgmt

case_ it_ends_well
end_
kill -TERM 1
