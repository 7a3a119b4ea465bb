//! The upstream sources that `lazaret advisories update` knows: what each says, where it lies, and
//! on what terms it is given.

/// One upstream source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The name that its records carry, as `advisories status` lists it.
    pub name: &'static str,
    /// Another name that selects it together with its like: `osv`, `ghsa`, `redhat` …
    pub groups: &'static [&'static str],
    /// What it speaks of, in a few words.
    pub what: &'static str,
    /// Where it lies.
    pub endpoint: Endpoint,
    /// The format of its files.
    pub format: SourceFormat,
    /// Terms of the data, as its publisher words them.
    pub licence: &'static str,
    /// Whether `update` fetches it unasked.
    pub default_on: bool,
}

/// Where a source lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// These files; each has to be there.
    Files(&'static [&'static str]),
    /// These files, as far as they are there (one a release).
    FilesThere(&'static [&'static str]),
    /// One file a year: the address around the year, and the first year.
    Yearly {
        /// Before the year.
        before: &'static str,
        /// After the year.
        after: &'static str,
        /// The first year there is.
        first: i16,
    },
    /// One archive whose name changes: the address of a small file that holds the name of the
    /// archive beside it.
    Latest(&'static str),
    /// Nowhere as a whole: it can only be imported.
    ImportOnly,
}

/// The format of a source's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// An archive of OSV documents.
    OsvZip,
    /// An archive of a repository.
    RepositoryZip,
    /// JSON of the source's own shape.
    Json,
    /// The same, compressed.
    JsonGzip,
    /// An archive of CSAF VEX documents.
    CsafTar,
    /// OVAL, XML.
    Oval,
    /// Compressed CSV.
    CsvGzip,
}

impl Source {
    /// Whether a name given by a user means this source.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.groups.contains(&name)
    }

    /// The addresses of its files (of a changing archive, of the file that names it); `year` is
    /// the current one.
    pub fn urls(&self, year: i16) -> Vec<String> {
        match self.endpoint {
            Endpoint::Files(urls) | Endpoint::FilesThere(urls) => {
                urls.iter().map(|url| (*url).to_owned()).collect()
            }
            Endpoint::Yearly { before, after, first } => {
                (first..=year).map(|year| format!("{before}{year}{after}")).collect()
            }
            Endpoint::Latest(pointer) => vec![pointer.to_owned()],
            Endpoint::ImportOnly => Vec::new(),
        }
    }
}

/// Every source, sorted by name.
pub fn sources() -> &'static [Source] {
    SOURCES
}

const CC_BY: &str = "CC-BY 4.0";
const OSV_TERMS: &str = "CC-BY 4.0 (GHSA, PYSEC, GO, RUSTSEC), Apache-2.0 (MAL), by osv.dev";

/// A language's registry as OSV.dev dumps it.
const fn language(name: &'static str, what: &'static str, urls: &'static [&'static str]) -> Source {
    Source {
        name,
        groups: &["osv", "ghsa"],
        what,
        endpoint: Endpoint::Files(urls),
        format: SourceFormat::OsvZip,
        licence: OSV_TERMS,
        default_on: true,
    }
}

/// A distribution as OSV.dev dumps it.
const fn distribution(
    name: &'static str,
    what: &'static str,
    urls: &'static [&'static str],
    licence: &'static str,
) -> Source {
    Source {
        name,
        groups: &[],
        what,
        endpoint: Endpoint::Files(urls),
        format: SourceFormat::OsvZip,
        licence,
        default_on: true,
    }
}

/// A source that is not fetched unasked, since another one carries what it says.
const fn spare(
    name: &'static str,
    what: &'static str,
    urls: &'static [&'static str],
    licence: &'static str,
) -> Source {
    Source {
        name,
        groups: &[],
        what,
        endpoint: Endpoint::Files(urls),
        format: SourceFormat::RepositoryZip,
        licence,
        default_on: false,
    }
}

/// A source that nobody publishes as a whole.
const fn import_only(name: &'static str, what: &'static str, licence: &'static str) -> Source {
    Source {
        name,
        groups: &[],
        what,
        endpoint: Endpoint::ImportOnly,
        format: SourceFormat::Json,
        licence,
        default_on: false,
    }
}

/// Releases and repositories of Alpine's secdb.
const SECDB: &[&str] = &[
    "https://secdb.alpinelinux.org/edge/community.json",
    "https://secdb.alpinelinux.org/edge/main.json",
    "https://secdb.alpinelinux.org/v3.12/community.json",
    "https://secdb.alpinelinux.org/v3.12/main.json",
    "https://secdb.alpinelinux.org/v3.13/community.json",
    "https://secdb.alpinelinux.org/v3.13/main.json",
    "https://secdb.alpinelinux.org/v3.14/community.json",
    "https://secdb.alpinelinux.org/v3.14/main.json",
    "https://secdb.alpinelinux.org/v3.15/community.json",
    "https://secdb.alpinelinux.org/v3.15/main.json",
    "https://secdb.alpinelinux.org/v3.16/community.json",
    "https://secdb.alpinelinux.org/v3.16/main.json",
    "https://secdb.alpinelinux.org/v3.17/community.json",
    "https://secdb.alpinelinux.org/v3.17/main.json",
    "https://secdb.alpinelinux.org/v3.18/community.json",
    "https://secdb.alpinelinux.org/v3.18/main.json",
    "https://secdb.alpinelinux.org/v3.19/community.json",
    "https://secdb.alpinelinux.org/v3.19/main.json",
    "https://secdb.alpinelinux.org/v3.20/community.json",
    "https://secdb.alpinelinux.org/v3.20/main.json",
    "https://secdb.alpinelinux.org/v3.21/community.json",
    "https://secdb.alpinelinux.org/v3.21/main.json",
    "https://secdb.alpinelinux.org/v3.22/community.json",
    "https://secdb.alpinelinux.org/v3.22/main.json",
    "https://secdb.alpinelinux.org/v3.23/community.json",
    "https://secdb.alpinelinux.org/v3.23/main.json",
    "https://secdb.alpinelinux.org/v3.24/community.json",
    "https://secdb.alpinelinux.org/v3.24/main.json",
];

static SOURCES: &[Source] = &[
    distribution(
        "alma",
        "AlmaLinux notices",
        &["https://osv-vulnerabilities.storage.googleapis.com/AlmaLinux/all.zip"],
        "MIT",
    ),
    Source {
        name: "alpine",
        groups: &[],
        what: "Alpine: repaired source packages of each release",
        endpoint: Endpoint::FilesThere(SECDB),
        format: SourceFormat::Json,
        licence: "CC-BY-SA 4.0",
        default_on: true,
    },
    import_only("amazon", "Amazon Linux notices (ALAS)", "public update metadata of AWS"),
    Source {
        name: "arch",
        groups: &[],
        what: "Arch Linux vulnerability groups",
        endpoint: Endpoint::Files(&["https://security.archlinux.org/all.json"]),
        format: SourceFormat::Json,
        licence: "public",
        default_on: true,
    },
    Source {
        name: "azurelinux",
        groups: &["mariner"],
        what: "Azure Linux and CBL-Mariner",
        endpoint: Endpoint::FilesThere(&[
            "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/azurelinux-3.0-oval.xml",
            "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-2.0-oval.xml",
            "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-1.0-oval.xml",
        ]),
        format: SourceFormat::Oval,
        licence: "MIT",
        default_on: true,
    },
    Source {
        name: "bitnami",
        groups: &["osv"],
        what: "Bitnami's builds of applications",
        endpoint: Endpoint::Files(&[
            "https://osv-vulnerabilities.storage.googleapis.com/Bitnami/all.zip",
        ]),
        format: SourceFormat::OsvZip,
        licence: "Apache-2.0",
        default_on: true,
    },
    Source {
        name: "chainguard",
        groups: &[],
        what: "Chainguard packages",
        endpoint: Endpoint::Files(&["https://packages.cgr.dev/chainguard/security.json"]),
        format: SourceFormat::Json,
        licence: "CC-BY-NC-ND: not for commercial use without Chainguard's leave",
        default_on: false,
    },
    Source {
        name: "debian",
        groups: &[],
        what: "Debian source packages: repaired, open, ignored, not affected",
        endpoint: Endpoint::Files(&["https://security-tracker.debian.org/tracker/data/json"]),
        format: SourceFormat::Json,
        licence: "public (Debian security tracker)",
        default_on: true,
    },
    import_only("eol", "ends of support of distributions", "public"),
    Source {
        name: "epss",
        groups: &[],
        what: "probability of exploitation, every CVE",
        endpoint: Endpoint::Files(&[
            "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        ]),
        format: SourceFormat::CsvGzip,
        licence: "free with attribution to FIRST EPSS",
        default_on: true,
    },
    spare(
        "govulndb",
        "Go modules and the standard library (also in osv-golang)",
        &["https://github.com/golang/vulndb/archive/refs/heads/master.zip"],
        CC_BY,
    ),
    Source {
        name: "kev",
        groups: &[],
        what: "CISA's known exploited vulnerabilities",
        endpoint: Endpoint::Files(&[
            "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        ]),
        format: SourceFormat::Json,
        licence: "CC0",
        default_on: true,
    },
    Source {
        name: "nvd",
        groups: &[],
        what: "CVSS vectors, every CVE",
        endpoint: Endpoint::Yearly {
            before: "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-",
            after: ".json.gz",
            first: 2002,
        },
        format: SourceFormat::JsonGzip,
        licence: "public domain",
        default_on: true,
    },
    Source {
        name: "opensuse",
        groups: &["suse"],
        what: "openSUSE notices",
        endpoint: Endpoint::Files(&[
            "https://osv-vulnerabilities.storage.googleapis.com/openSUSE/all.zip",
        ]),
        format: SourceFormat::OsvZip,
        licence: "CC-BY 4.0, by SUSE",
        default_on: true,
    },
    language(
        "osv-cargo",
        "Rust crates",
        &["https://osv-vulnerabilities.storage.googleapis.com/crates.io/all.zip"],
    ),
    language(
        "osv-composer",
        "PHP packages",
        &["https://osv-vulnerabilities.storage.googleapis.com/Packagist/all.zip"],
    ),
    language(
        "osv-gem",
        "Ruby gems",
        &["https://osv-vulnerabilities.storage.googleapis.com/RubyGems/all.zip"],
    ),
    language(
        "osv-golang",
        "Go modules and the standard library",
        &["https://osv-vulnerabilities.storage.googleapis.com/Go/all.zip"],
    ),
    language(
        "osv-hex",
        "Erlang and Elixir packages",
        &["https://osv-vulnerabilities.storage.googleapis.com/Hex/all.zip"],
    ),
    language(
        "osv-maven",
        "Java artifacts",
        &["https://osv-vulnerabilities.storage.googleapis.com/Maven/all.zip"],
    ),
    language(
        "osv-npm",
        "npm packages, malicious ones included",
        &["https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip"],
    ),
    language(
        "osv-nuget",
        ".NET packages",
        &["https://osv-vulnerabilities.storage.googleapis.com/NuGet/all.zip"],
    ),
    language(
        "osv-pub",
        "Dart packages",
        &["https://osv-vulnerabilities.storage.googleapis.com/Pub/all.zip"],
    ),
    language(
        "osv-pypi",
        "Python packages, malicious ones included",
        &["https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"],
    ),
    language(
        "osv-swift",
        "Swift packages",
        &["https://osv-vulnerabilities.storage.googleapis.com/SwiftURL/all.zip"],
    ),
    Source {
        name: "php-fop",
        groups: &[],
        what: "PHP packages, by FriendsOfPHP",
        endpoint: Endpoint::Files(&[
            "https://github.com/FriendsOfPHP/security-advisories/archive/refs/heads/master.zip",
        ]),
        format: SourceFormat::RepositoryZip,
        licence: "Unlicense",
        default_on: true,
    },
    spare(
        "pypa",
        "Python packages (also in osv-pypi)",
        &["https://github.com/pypa/advisory-database/archive/refs/heads/main.zip"],
        CC_BY,
    ),
    distribution(
        "redhat",
        "Red Hat notices, every product",
        &["https://osv-vulnerabilities.storage.googleapis.com/Red%20Hat/all.zip"],
        CC_BY,
    ),
    Source {
        name: "redhat-cve",
        groups: &["redhat"],
        what: "Red Hat: each CVE's repairs and what has none (VEX)",
        endpoint: Endpoint::Latest(
            "https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt",
        ),
        format: SourceFormat::CsafTar,
        licence: CC_BY,
        default_on: true,
    },
    Source {
        name: "redhat-repositories",
        groups: &["redhat"],
        what: "Red Hat: products of repositories",
        endpoint: Endpoint::Files(&[
            "https://security.access.redhat.com/data/metrics/repository-to-cpe.json",
        ]),
        format: SourceFormat::Json,
        licence: CC_BY,
        default_on: true,
    },
    distribution(
        "rocky-osv",
        "Rocky Linux notices",
        &["https://osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/all.zip"],
        "BSD",
    ),
    Source {
        name: "rubysec",
        groups: &[],
        what: "Ruby gems, by RubySec",
        endpoint: Endpoint::Files(&[
            "https://github.com/rubysec/ruby-advisory-db/archive/refs/heads/master.zip",
        ]),
        format: SourceFormat::RepositoryZip,
        licence: "permissive, attribution to ruby-advisory-db",
        default_on: true,
    },
    spare(
        "rustsec",
        "Rust crates (also in osv-cargo)",
        &["https://github.com/RustSec/advisory-db/archive/refs/heads/main.zip"],
        "CC0",
    ),
    distribution(
        "suse",
        "SUSE Linux Enterprise notices",
        &["https://osv-vulnerabilities.storage.googleapis.com/SUSE/all.zip"],
        "CC-BY 4.0, by SUSE",
    ),
    distribution(
        "ubuntu-osv",
        "Ubuntu: vulnerabilities and notices, Ubuntu Pro included",
        &["https://osv-vulnerabilities.storage.googleapis.com/Ubuntu/all.zip"],
        "CC-BY-SA 4.0",
    ),
    spare(
        "vulnrichment",
        "CISA's ratings of CVEs",
        &["https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip"],
        "CC0",
    ),
    Source {
        name: "wolfi",
        groups: &[],
        what: "Wolfi packages",
        endpoint: Endpoint::Files(&["https://packages.wolfi.dev/os/security.json"]),
        format: SourceFormat::Json,
        licence: "Chainguard's terms for scanners: see their site",
        default_on: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        let names: Vec<&str> = sources().iter().map(|source| source.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for source in sources() {
            let urls = source.urls(2026);
            assert_eq!(urls.is_empty(), source.endpoint == Endpoint::ImportOnly, "{}", source.name);
            assert!(!source.default_on || !urls.is_empty(), "{}", source.name);
            assert!(urls.iter().all(|url| url.starts_with("https://")), "{}", source.name);
            assert!(!source.licence.is_empty() && !source.what.is_empty(), "{}", source.name);
        }
    }

    #[test]
    fn groups_select_their_members() {
        let named = |name: &str| sources().iter().filter(|source| source.answers_to(name)).count();
        assert_eq!(named("debian"), 1);
        assert_eq!(named("osv"), 12);
        assert_eq!(named("redhat"), 3);
        assert_eq!(named("nothing"), 0);
        let nvd = sources().iter().find(|source| source.name == "nvd").expect("listed");
        assert_eq!(nvd.urls(2004).len(), 3);
    }
}
