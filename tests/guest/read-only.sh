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
refuse 'it is gone' test -d /sys/class/net/mgmt
expect 'up' vrf-launch up
equal 'a launch' "$(vrf-launch mgmt -- vrf-launch identify)" mgmt

case_ it_ends_well
end_
kill -TERM 1
