#!/bin/sh
# The first process: what it has prepared when services run; TERM reboots.
# kernels: once
# init: init-reboot.conf
# files: init-test.conf=etc/test.conf
# processors: all
# modules: vrf dummy sch_ingress cls_bpf
# append: modules=dummy dummy.numdummies=1 sysctl.kernel.modprobe=/none
# cases: services_get_term_first
# says: inside: it prints
# says: reboot: Restarting system

case_ it_is_the_first_process
equal 'its program' "$(readlink /proc/1/exe)" /init
equal 'descriptors of its own' "$(readlink /proc/1/fd/0)" /dev/console

case_ file_systems_are_mounted
for mount in 'proc /proc proc' 'sysfs /sys sysfs' 'devtmpfs /dev devtmpfs' 'devpts /dev/pts devpts' 'tmpfs /run tmpfs' \
    'cgroup2 /sys/fs/cgroup cgroup2'; do
    expect "$mount" grep -q "^$mount " /proc/mounts
done
case $(uname -r) in
6.*) expect 'processes join cgroups without waiting' grep -q 'cgroup2 .*favordynmods' /proc/mounts ;;
esac
expect 'a terminal can be had' test -c /dev/pts/ptmx

case_ name_loopback_and_module
equal 'host name' "$(hostname)" appliance
equal 'loopback' "$(ip -j link show lo | jq -r '.[0].flags | index("UP") != null')" true
expect 'module vrf' test -d /sys/module/vrf

case_ interfaces_and_services
equal 'the VRF' "$(ip -d -j link show mgmt | jq '.[0].linkinfo.info_data.table')" 10
match 'the rules' "$(ip -6 rule)" '^0:.*l3mdev.* unreachable'
equal 'the service is in it' "$(ip vrf pids mgmt | awk '{ print $2 }')" sleep
expect 'what it says is in the kernel log' sh -c 'dmesg | grep -q "vrf-launch: inside: started, PID"'

case_ modules_of_a_shared_interface
match 'its filter, though the kernel has no modprobe' "$(tc filter show dev dummy0 ingress)" 'bpf .*direct-action'

case_ orphans_are_reaped
for n in 1 2 3 4; do
    sh -c 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do (sleep 0.1 &) & done'
done
zombies() { grep -l '^State:.Z' /proc/[0-9]*/status 2>/tmp/said; }
none() { sleep 0.3 && ! zombies; }
expect 'no zombie of 100 is left (scenario init-load: 10,000)' soon none

case_ what_does_not_end_it
for signal in HUP QUIT KILL STOP SEGV PIPE ALRM WINCH; do
    kill -$signal 1
done
sleep 0.2
expect 'it goes on' grep -q '^State:.S' /proc/1/status
kill -9 "$(ip vrf pids mgmt | awk '{ print $1 }')"
expect 'and looks after services' soon sh -c '[ "$(ip vrf pids mgmt | wc -l)" = 1 ]'

case_ it_ends_the_machine
end_
kill -TERM 1
