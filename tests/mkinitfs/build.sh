#!/bin/sh
# Alpine's mkinitfs makes an initramfs with our feature, which goes out by the second disk.
# setup: build.setup
# timeout: 300

case_ mkinitfs_takes_the_feature
expect 'it builds' mkinitfs -F 'base ext4 virtio microvm vrf-launch' -o /boot/initramfs "$(uname -r)"
zcat /boot/initramfs | cpio -t >/tmp/list 2>/tmp/said
for file in usr/sbin/vrf-launch etc/vrf-launch.conf net/vrf.ko; do
    expect "$file is in it" grep -q "$file" /tmp/list
done
end_
cat /boot/initramfs >/dev/vdb || fail 'it does not fit'
echo "# size $(wc -c </boot/initramfs)"
