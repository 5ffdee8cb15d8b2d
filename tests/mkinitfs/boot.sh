#!/bin/sh
# What Alpine's own initramfs, with vrf-launch in front of its init, has left when the disk's OpenRC has started everything.
# kernels: alpine-6.18
# timeout: 300

case_ it_brought_the_vrf_up
expect 'the VRF' test -d /sys/class/net/mgmt
refuse 'and OpenRC has not' test -e /etc/runlevels/boot/vrf-launch -o -e /etc/init.d/vrf-launch
equal 'a launch needs nothing else' "$(vrf-launch mgmt -- vrf-launch identify)" mgmt

case_ alpine_went_on_as_ever
equal 'the first process' "$(readlink /proc/1/exe)" /bin/busybox
match 'called' "$(tr '\0' ' ' </proc/1/cmdline)" '^/sbin/init'
match 'the root' "$(grep ' / ' /proc/mounts)" '^/dev/vda / ext4'
expect 'services' rc-service syslog status
equal 'no process is left of it' "$(pgrep -x vrf-launch)" ''
