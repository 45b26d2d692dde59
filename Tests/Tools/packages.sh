#!/usr/bin/env bash
# packages.sh [NAME...]: installs the Debian packages that Quire is built with, and the named ones
# that a check needs, if any is missing.
set -euo pipefail
needed=(libreadline-dev libopenblas-dev libpcre2-dev libssl-dev libcurl4-openssl-dev
  libcmark-gfm-dev libcmark-gfm-extensions-dev "$@")
missing=()
for package in "${needed[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "Quire needs the development files of readline, OpenBLAS, PCRE2, OpenSSL, libcurl and cmark-gfm." >&2
  echo "This is not a Debian system: install them with its own package manager, then run make again." >&2
  exit 1
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
  sudo="sudo"
  if [ -t 0 ]; then
    read -r -p "Quire needs ${missing[*]}. Install with sudo apt-get? [Y/n] " answer
    case "$answer" in [nN]*) echo "Install them yourself, then run make again." >&2; exit 1 ;; esac
  fi
fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get install -y -qq "${missing[@]}" >/dev/null 2>&1 \
  || { $sudo apt-get update -qq && $sudo apt-get install -y -qq "${missing[@]}" >/dev/null; }
