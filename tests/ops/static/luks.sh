#!/usr/bin/env bash
# The role luks before a device is opened: what it refuses, what it says, what it formats. On a loop device; to open one needs a kernel with dm-crypt, which
# test machines need not have. usage: tests/ops/static/luks.sh    as root; elsewhere it is skipped
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "skipped: not root"; exit 0; }
work=$(mktemp -d)
truncate -s 64M "$work/disk"
device=$(losetup --find --show "$work/disk" 2>/dev/null) || { rm -rf "$work"; echo "skipped: no loop devices"; exit 0; }
trap 'losetup --detach "$device"; rm -rf "$work"' EXIT
failed=0
cat >"$work/play.yml" <<END
- hosts: localhost
  connection: local
  gather_facts: true
  gather_subset: ["!all", min]
  vars:
    ansible_python_interpreter: /usr/bin/python3
    luks_device: $device
    luks_mount: $work/data
    luks_key_file: $work/key
    luks_format_options: [--pbkdf, pbkdf2, --pbkdf-force-iterations, "1000"]
    quiver_secrets: {luks: a secret of the vault with thirty-two letters}
  tasks:
    - ansible.builtin.include_role: {name: luks, tasks_from: format}
END
run() { (cd "$here/ops" && env -u ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_LOCALHOST_WARNING=false ansible-playbook -i localhost, "$work/play.yml" "$@") >"$work/log" 2>&1; }
is() { # is WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { failed=1; printf '%s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"; tail -n 15 "$work/log"; }
}
# refused WHAT MESSAGE [ARG...]: and not a byte of the device is another.
refused() {
    local what=$1 message=$2 before out
    shift 2
    before=$(cksum <"$work/disk")
    run "$@" && out=accepted || out=$(tr -s ' \n' ' ' <"$work/log" | grep -o "$message" | head -n 1)
    is "$what is refused" "$message" "$out"
    is "and left alone" "$before" "$(cksum <"$work/disk")"
}
opens() { echo -n "$1" | cryptsetup open --test-passphrase --key-file - "$device" 2>/dev/null && echo opens || echo refuses; }
blank() { truncate -s 0 "$work/disk"; truncate -s 64M "$work/disk"; blockdev --flushbufs "$device"; }

# What look.sh says of the device, and of the folder.
look() { blockdev --flushbufs "$device"; sh "$here/ops/roles/luks/files/look.sh" "${1:-$device}" quiver_data "$work/data" | sed -n "s/^${2:-device} //p"; }

is "zeros are empty" empty "$(look)"
mkfs.ext4 -q "$device"
is "a file system is seen" "taken it has ext4" "$(look | sed 's/ *$//')"
blank
# One partition of Linux, as fdisk writes it.
printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\350\001\0' | dd of="$work/disk" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$work/disk" bs=1 seek=510 conv=notrunc status=none
is "a table of partitions is seen" "taken it has dos" "$(look | sed 's/ *$//')"
blank
echo "data of somebody" | dd of="$work/disk" bs=1 seek=9000000 conv=notrunc status=none
is "what is no zeros is seen" "taken it has no signature that is known, but is not zeros" "$(look | sed 's/: if.*//')"
refused "it" "is refused: it has no signature that is known"
blank
is "a device that is not there is seen" missing "$(look /dev/nothing)"
is "a folder that is not there is free" free "$(look "" folder)"
mkdir -p "$work/data/15"
is "and one that has only folders" free "$(look "" folder)"
touch "$work/data/15/PG_VERSION"
refused "a folder with data" "is refused: it has files, such as $work/data/15/PG_VERSION"
rm -r "$work/data"
before=$(cksum <"$work/disk")
run --check
is "--check says what would be done" "1 said" "$(grep -c 'ok=.*failed=0' "$work/log") $(grep -q "$device is empty; it becomes a LUKS volume with ext4 on it" "$work/log" && echo said)"
is "and does nothing" "$before" "$(cksum <"$work/disk")"
run
is "an empty device is formatted" "crypto_LUKS opens" "$(blkid -p -s TYPE -o value "$device") $(opens 'a secret of the vault with thirty-two letters')"
is "the secret is in no log" 0 "$(grep -c 'thirty-two letters' "$work/log")"
uuid=$(cryptsetup luksUUID "$device")
run
is "again, nothing changes" "1 $uuid" "$(grep -c 'changed=0 .*failed=0' "$work/log") $(cryptsetup luksUUID "$device")"
refused "a volume of somebody else" "is a LUKS volume that the key does not open" -e '{"quiver_secrets": {"luks": "another secret with thirty-two letters"}}'
printf %s 'a secret of the vault with thirty-two letters' >"$work/key"
run -e '{"quiver_secrets": {"luks": "another secret with thirty-two letters"}}'
is "where the host has the old key, the vault's new one takes its place" "$uuid opens refuses" \
    "$(cryptsetup luksUUID "$device") $(opens 'another secret with thirty-two letters') $(opens 'a secret of the vault with thirty-two letters')"
exit $failed
