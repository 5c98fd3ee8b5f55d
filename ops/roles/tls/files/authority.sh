#!/bin/sh
# One step of a rotation of the authority, in its folder on the controller. A step that was interrupted is finished by the same step, or taken back.
#
# usage: authority.sh FOLDER state         at rest; trust (next/ is trusted beside it); sign (the new one signs, old/ is trusted beside it); between
#        authority.sh FOLDER trust         next.making/ is whole, and becomes next/
#        authority.sh FOLDER sign          next/ takes its place, and it is kept in old/
#        authority.sh FOLDER drop          old/ is trusted no more; it is kept in retired/
#        authority.sh FOLDER back          the old one signs again, the new one is in next/
#        authority.sh FOLDER forget        next/ is trusted no more, and removed
set -eu
cd "$1"
state() {
    if [ -d next ] && [ -d old ]; then
        echo between
    elif [ -d next ]; then
        echo trust
    elif [ -d old ]; then
        echo sign
    else
        echo "at rest"
    fi
}
# must STATE...: or it is refused.
must() { case "/$(IFS=/; echo "$*")/" in *"/$(state)/"*) ;; *) echo "authority.sh: this is no step from where the rotation is ($(state))" >&2; exit 1 ;; esac; }
# Whole, or not at all: a folder appears and goes by a rename.
keep() {
    [ ! -d "$1" ] || return 0
    rm -rf "$1.new"
    mkdir -m 700 "$1.new"
    for file in key csr crl crt; do cp -p "ca.$file" "$1.new/"; done
    mv "$1.new" "$1"
}
place() {
    for file in key csr crl crt; do
        cp -p "$1/ca.$file" "ca.$file.new"
        mv -f "ca.$file.new" "ca.$file"
    done
    gone "$1"
}
gone() {
    rm -rf "$1.gone"
    mv "$1" "$1.gone"
    rm -rf "$1.gone"
}
case $2 in
    state) state ;;
    trust)
        must "at rest"
        [ -s next.making/ca.crt ]
        mv next.making next
        ;;
    sign)
        must trust between
        keep old
        place next
        ;;
    back)
        must sign between
        keep next
        place old
        ;;
    drop)
        must sign
        mkdir -p -m 700 retired
        mv old "retired/$(openssl x509 -in old/ca.crt -noout -serial | cut -d= -f2)"
        ;;
    forget)
        must trust
        gone next
        ;;
    *) exit 2 ;;
esac
