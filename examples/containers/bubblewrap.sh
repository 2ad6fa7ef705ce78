#!/bin/sh
# hydra.sweeper.prefix=[examples/containers/bubblewrap.sh,"{folder}",outputs/datasets]
#
#   bubblewrap.sh FOLDER [FURTHER FOLDERS THAT MAY BE WRITTEN ...] python ARGUMENTS
#
# Runs a command that can write these folders, can read programs of the system, Python, the folders of PYTHONPATH and
# the revisions of the sweep, and sees no other file, no network, no other process and no other variable.
# The names of these folders must not hold a space.
set -eu

revisions=$(dirname "$1")/code
may_write=
while [ -d "$1" ]; do
    may_write="$may_write --bind $(realpath "$1") $(realpath "$1")"
    shift
done

python=$("$1" -c 'import sys; print(sys.prefix, sys.base_prefix)')
modules=$(printf %s "${PYTHONPATH:-}" | tr : ' ')
may_read=
for entry in /usr /bin /sbin /lib /lib64 /etc/ld.so.cache /etc/alternatives $python $modules "$revisions"; do
    may_read="$may_read --ro-bind-try $entry $entry"
done

# shellcheck disable=SC2086  # these two are lists of words
exec bwrap --unshare-all --die-with-parent --new-session \
    --dev /dev --proc /proc --tmpfs /tmp --dir "$PWD" $may_read $may_write --chdir "$PWD" \
    --clearenv --setenv PATH "$PATH" --setenv PYTHONPATH "${PYTHONPATH:-}" \
    --setenv OMP_NUM_THREADS "${OMP_NUM_THREADS:-1}" \
    -- "$@"
