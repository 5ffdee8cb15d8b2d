#!/bin/sh
# A real Alpine without iproute2: OpenRC brings VRFs up and starts services in them, by `vrf=` in their conf.d files.
# kernels: alpine-6.18
# setup: openrc.setup
# timeout: 120

# vrf_of SECONDS: the VRF of the process that sleeps as long
vrf_of() {
    soon pidof_ "$1" >/tmp/said || fail "no process sleeps for $1 s"
    vrf-launch identify "$(pidof_ "$1")"
}
pidof_() {
    pgrep -x -f "(/bin/)?sleep $1"
}

case_ interfaces_are_up
expect 'OpenRC says so' rc-service vrf-launch status
expect 'the VRF' test -d /sys/class/net/mgmt
refuse 'there is no iproute2' test -e /sbin/ip.iproute2 -o -e /usr/sbin/ip

case_ services_are_in_their_vrf
equal 'by start-stop-daemon' "$(vrf_of 10001)" mgmt
equal 'by supervise-daemon' "$(vrf_of 10003)" mgmt
equal 'by a start() of its own' "$(vrf_of 10004)" mgmt
equal 'without vrf= in none' "$(vrf_of 10002)" ''

case_ restart_stays_in_the_vrf
expect 'restart' rc-service daemon restart
equal 'still' "$(vrf_of 10001)" mgmt

case_ stop_takes_the_vrf_away
expect 'stop' rc-service vrf-launch stop
refuse 'it is gone' test -d /sys/class/net/mgmt

case_ ifupdown_ng_without_iproute2
cat >/tmp/interfaces <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto lan0
iface lan0
    link-type dummy
    address 10.20.30.40/24
    vrf-member mgmt
END
expect 'ifup' ifup -i /tmp/interfaces -S /tmp/ifstate -a
equal 'its master' "$(readlink /sys/class/net/lan0/master)" ../mgmt
match 'its address' "$(ip addr show dev lan0)" 'inet 10.20.30.40/24'
match 'the rules' "$(vrf-launch -c /tmp/interfaces plan)" 'l3mdev unreachable'
expect 'ifdown' ifdown -i /tmp/interfaces -S /tmp/ifstate -a
refuse 'the VRF is gone' test -d /sys/class/net/mgmt

case_ mkinitfs_takes_the_feature
echo '# configuration' >/etc/vrf-launch.conf
expect 'it builds' mkinitfs -F 'base vrf-launch' -o /tmp/initramfs "$(uname -r)"
zcat /tmp/initramfs | cpio -t >/tmp/list 2>/tmp/said
for file in usr/sbin/vrf-launch etc/vrf-launch.conf net/vrf.ko; do
    expect "$file is in it" grep -q "$file" /tmp/list
done
