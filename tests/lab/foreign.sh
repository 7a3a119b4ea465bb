# To be sourced: packages of another architecture than the machine's, fetched and unpacked into a folder.
# apt gets lists and a state of its own there; the machine's dpkg never hears of the architecture.

# From here on apt speaks of ARCH only.  Usage: foreign_apt FOLDER ARCH
foreign_apt() {
    local folder=$1
    mkdir -p "$folder"/apt/{lists/partial,archives/partial}
    touch "$folder/apt/status"
    cat >"$folder/apt/apt.conf" <<CONFIG
APT::Architecture "$2";
APT::Architectures { "$2"; };
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt";
APT::Sandbox::User "root";
quiet "2";
CONFIG
    export APT_CONFIG=$folder/apt/apt.conf
    # Lists of yesterday may name what is no longer offered.
    [ -n "$(find "$folder/apt/updated" -mmin -720 2>/dev/null)" ] && return
    apt-get update -qq >&2 && touch "$folder/apt/updated"
}

# Unpacks packages below a folder, once.  Usage: unpack FOLDER PACKAGE...
unpack() {
    local folder=$1 package
    shift
    mkdir -p "$folder/.packages"
    for package in "$@"; do
        [ -e "$folder/.packages/$package" ] && continue
        (cd "$folder/.packages" && rm -f "$package"_*.deb && apt-get download -q "$package" >&2 &&
            dpkg-deb -x "$package"_*.deb "$folder" && rm -f "$package"_*.deb) || return 1
        touch "$folder/.packages/$package"
    done
}
