#!/bin/sh
# What a device and a folder have on them, for the role luks. Reads only. Prints two lines: "device WORD …" and "folder WORD …".
# usage: sh look.sh DEVICE NAME FOLDER
#   device: missing; open UUID, under that name; luks UUID; empty, that is without a signature and zeros where it begins and ends; taken WHY
#   folder: mounted; free; taken WHY
set -eu
device=$1 name=$2 folder=$3

first_of() { "$@" 2>/dev/null | tr -d '\0' | head -c 1; }
look_device() {
    [ -b "$device" ] || { echo missing; return; }
    real=$(readlink -f "$device")
    kernel=/sys/class/block/${real##*/}
    if [ "$(blkid -p -s TYPE -o value "$real")" = crypto_LUKS ]; then
        uuid=$(blkid -p -s UUID -o value "$real")
        for holder in "$kernel"/holders/*; do
            [ -e "$holder" ] || continue
            [ "$(cat "$holder/dm/name" 2>/dev/null)" != "$name" ] || { echo "open $uuid"; return; }
            echo "taken it is open already, as $(cat "$holder/dm/name" 2>/dev/null || echo "${holder##*/}")"
            return
        done
        echo "luks $uuid"
        return
    fi
    signature=$(wipefs --no-act --noheadings --output TYPE "$real" | sort -u | tr '\n' ' ')
    if [ -n "$signature" ]; then
        echo "taken it has $signature"
    elif [ -n "$(ls "$kernel/holders")" ] || ls -d "$kernel/${real##*/}"* >/dev/null 2>&1; then
        echo "taken it is in use, or has partitions"
    elif [ -n "$(first_of head -c 16M "$real")" ] || [ -n "$(first_of tail -c 1M "$real")" ]; then
        echo "taken it has no signature that is known, but is not zeros: if nothing on it is wanted, blkdiscard --zeroout $device"
    else
        echo empty
    fi
}
look_folder() {
    source=$(findmnt --noheadings --output SOURCE --mountpoint "$folder" || :)
    if [ "$source" = "/dev/mapper/$name" ]; then
        echo mounted
    elif [ -n "$source" ]; then
        echo "taken $source is mounted there"
    else
        # Folders that are empty, and the link that the role postgresql makes, are no data.
        file=$(find "$folder" -mindepth 1 ! -type d ! -name .psql_history -print -quit 2>/dev/null || :)
        if [ -n "$file" ]; then echo "taken it has files, such as $file"; else echo free; fi
    fi
}
echo "device $(look_device)"
echo "folder $(look_folder)"
