//! The limits of this room, in one place.

/// Largest text file (lock file, metadata) that is parsed, in bytes.
pub(crate) const MAX_TEXT_BYTES: u64 = 64 << 20;
/// Most packages taken from one file.
pub(crate) const MAX_PACKAGES: usize = 200_000;

/// Bytes that `ContentReader` reads at least, and to which it rounds.
pub(crate) const READER_PAGE_BYTES: u64 = 4 << 10;
/// Most bytes of one executable that are held at a time.
pub(crate) const MAX_READER_BYTES: u64 = 24 << 20;
/// Most separate reads of one executable.
pub(crate) const MAX_READER_READS: usize = 512;
/// Longest zero-terminated name in an executable, in bytes.
pub(crate) const MAX_READER_STRING_BYTES: u64 = 4 << 10;
/// Most sections and segments looked at in one executable, each.
pub(crate) const MAX_REGIONS: usize = 100_000;

/// Longest value of a name, version, vendor or licence taken from a package database, in bytes.
pub(crate) const MAX_FIELD_BYTES: usize = 4 << 10;
/// Longest path, in bytes (`PATH_MAX` of Linux).
pub(crate) const MAX_PATH_BYTES: usize = 4 << 10;
/// Most paths of owned files taken from one package database.
pub(crate) const MAX_OWNED_PATHS: usize = 2_000_000;
/// Most bytes of such paths, together.
pub(crate) const MAX_OWNED_PATHS_BYTES: usize = 256 << 20;
/// Most broken records of one package database that are told one by one.
pub(crate) const MAX_BROKEN_RECORDS_TOLD: usize = 20;
/// Broken records after which a package database is not read on.
pub(crate) const MAX_BROKEN_RECORDS: usize = 10_000;
/// Largest rpm database that is read, in bytes.
pub(crate) const MAX_RPM_DATABASE_BYTES: u64 = 1 << 30;
/// Largest header of one package in an rpm database, in bytes.
pub(crate) const MAX_RPM_HEADER_BYTES: usize = 32 << 20;
/// Most entries in the index of an rpm header (rpm's own bound).
pub(crate) const MAX_RPM_HEADER_ENTRIES: usize = 0xffff;
/// Largest window of a zstd frame, as a power of two of bytes: 128 MiB, the format's
/// recommendation for decoders.
pub(crate) const MAX_ZSTD_WINDOW_LOG: u32 = 27;

/// Largest string of module lines in a Go program, in bytes.
pub(crate) const MAX_GO_MODINFO_BYTES: u64 = 8 << 20;
/// Most variables set by linker flags that are looked at in one Go program.
pub(crate) const MAX_GO_LINKER_VARIABLES: usize = 1_000;
/// Largest version string in a Go program, in bytes.
pub(crate) const MAX_GO_VERSION_BYTES: u64 = 4 << 10;
/// Most bytes searched for a Go program's build information when no section names it.
pub(crate) const MAX_GO_SEARCH_BYTES: u64 = 64 << 20;
/// Bytes of one window when a file is searched.
pub(crate) const SEARCH_WINDOW_BYTES: usize = 1 << 20;
/// Largest text file whose content is held while it is read (YAML, nested JSON), in bytes.
pub(crate) const MAX_TREE_TEXT_BYTES: u64 = 16 << 20;
/// Largest TOML document, in bytes; its tree takes some ten times as much.
pub(crate) const MAX_TOML_BYTES: usize = 8 << 20;
/// Most values in a TOML document, counted by the characters that can begin one.
pub(crate) const MAX_TOML_VALUES: usize = 400_000;
/// Longest package name or version that is believed, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 1_024;
/// Most parser events of one YAML file.
pub(crate) const MAX_YAML_EVENTS: usize = 8_000_000;
/// Most nodes (scalars, lists, maps) of one YAML file.
pub(crate) const MAX_YAML_NODES: usize = 4_000_000;
/// Most nested lists and maps in YAML.
pub(crate) const MAX_YAML_DEPTH: usize = 64;
/// Most documents in one YAML file.
pub(crate) const MAX_YAML_DOCUMENTS: usize = 16;
/// Most anchors, and most aliases, of one YAML file.
pub(crate) const MAX_YAML_ALIASES: usize = 10_000;

/// Largest `.dep-v0` section of a Rust program, in bytes.
pub(crate) const MAX_AUDITABLE_BYTES: u64 = 8 << 20;
/// Largest JSON that such a section may expand to, in bytes.
pub(crate) const MAX_AUDITABLE_JSON_BYTES: u64 = 32 << 20;

/// Longest name of an entry of a zip archive that is looked at, in bytes.
pub(crate) const MAX_ZIP_NAME_BYTES: usize = 1 << 10;
/// Most entries kept of one zip archive's directory, and most bytes of their names.
pub(crate) const MAX_ZIP_WANTED: usize = 100_000;
pub(crate) const MAX_ZIP_WANTED_NAME_BYTES: usize = 16 << 20;
/// Most packages taken from one Java archive, those inside it included.
pub(crate) const MAX_ARCHIVE_PACKAGES: usize = 20_000;
/// Most skipped parts of one Java archive that are told one by one.
pub(crate) const MAX_ARCHIVE_SKIPS: usize = 1_000;
/// A zip entry that expands by more than this is a bomb …
pub(crate) const MAX_ZIP_RATIO: u64 = 200;
/// … once it is larger than this, in bytes: short entries of one letter are harmless.
pub(crate) const ZIP_RATIO_FREE_BYTES: u64 = 1 << 20;
/// Archives inside archives that are opened, the file itself not counted.
pub(crate) const MAX_ARCHIVE_DEPTH: usize = 5;
/// Largest archive inside an archive that is inflated into memory, in bytes. Archives that are
/// stored only are read in place, whatever their size.
pub(crate) const MAX_NESTED_ARCHIVE_BYTES: u64 = 64 << 20;
/// Most bytes of inflated archives that are in memory at a time, one inside the other.
pub(crate) const MAX_NESTED_LIVE_BYTES: u64 = 96 << 20;
/// Most bytes inflated out of one file, in all.
pub(crate) const MAX_ARCHIVE_EXPANDED_BYTES: u64 = 2 << 30;
/// Most directory entries read of one file, archives inside it included.
pub(crate) const MAX_ARCHIVE_ENTRIES: u64 = 2_000_000;
/// Most archives opened in one file.
pub(crate) const MAX_ARCHIVES: usize = 20_000;
/// Bytes of a manifest that are read; the main section comes first.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 256 << 10;
/// Largest `pom.properties`, in bytes.
pub(crate) const MAX_POM_PROPERTIES_BYTES: u64 = 64 << 10;
/// Largest `pom.xml`, in bytes.
pub(crate) const MAX_POM_XML_BYTES: u64 = 8 << 20;
/// Deepest element of a `pom.xml`.
pub(crate) const MAX_POM_DEPTH: usize = 64;
/// Longest text that a `${…}` of a `pom.xml` may become, in bytes, and how often it is replaced.
pub(crate) const MAX_POM_VALUE_BYTES: usize = 4 << 10;
pub(crate) const MAX_POM_REPLACEMENTS: usize = 16;
/// Most licences taken of one package.
pub(crate) const MAX_LICENSES: usize = 32;
/// Largest XML file of a lock or project, in bytes.
pub(crate) const MAX_XML_BYTES: u64 = 8 << 20;
/// Most nested elements in such a file.
pub(crate) const MAX_XML_DEPTH: usize = 128;

/// Largest program or library that is searched for a version string, in bytes.
pub(crate) const MAX_CLASSIFIED_BYTES: u64 = 1 << 30;
/// Longest match of an expression of the classifiers, in bytes; windows overlap by as much.
pub(crate) const MAX_EVIDENCE_BYTES: usize = 1 << 10;

/// Most steps of one image's history that are looked at.
pub(crate) const MAX_STEPS: usize = 1_000;
/// Longest text of one build step that is looked at, in bytes.
pub(crate) const MAX_STEP_TEXT_BYTES: usize = 64 << 10;
/// Longest part of it that a finding shows, in bytes.
pub(crate) const MAX_STEP_EXCERPT_BYTES: usize = 1_200;
/// Most build arguments of one step.
pub(crate) const MAX_BUILD_ARGUMENTS: usize = 200;
/// Most commands of one step, those of scripts inside it included.
pub(crate) const MAX_SHELL_COMMANDS: usize = 4_000;
/// Most scripts inside scripts of a step.
pub(crate) const MAX_SHELL_DEPTH: usize = 5;
/// Longest word of shell text, variables put in, in bytes.
pub(crate) const MAX_SHELL_WORD_BYTES: usize = 16 << 10;
/// Longest line of a step that rules are held against, in bytes.
pub(crate) const MAX_SUBJECT_BYTES: usize = 32 << 10;
/// Most facts of one kind (written files, variables, downloads) taken from one step.
pub(crate) const MAX_STEP_FACTS: usize = 1_000;
/// Largest text that is decoded from base64 in a step, in bytes.
pub(crate) const MAX_DECODED_BYTES: usize = 16 << 10;
/// Most files that may confirm one suspicious step.
pub(crate) const MAX_CONFIRMING_PATHS: usize = 16;
/// Most rules of the history.
pub(crate) const MAX_HISTORY_RULES: usize = 2_000;
/// Largest compiled expression of a rule, in bytes.
pub(crate) const MAX_REGEX_BYTES: usize = 1 << 20;

/// Largest file that is searched for secrets, in bytes.
pub(crate) const MAX_SECRET_FILE_BYTES: u64 = 1 << 30;
/// Bytes of one window of a large file.
pub(crate) const SECRET_WINDOW_BYTES: usize = 8 << 20;
/// Bytes by which windows overlap: no armoured key or token is longer.
pub(crate) const SECRET_OVERLAP_BYTES: usize = 64 << 10;
/// Bytes before a window's first new hit, where its name may stand.
pub(crate) const SECRET_LOOK_BACK_BYTES: usize = 4 << 10;
/// Most secrets that are told of one file, or of one image's configuration.
pub(crate) const MAX_SECRETS_PER_FILE: usize = 200;
/// Hits after which a text is not searched on.
pub(crate) const MAX_SECRET_HITS: usize = 10_000;
/// Most lines of a file whose format is read line by line.
pub(crate) const MAX_SECRET_LINES: usize = 100_000;
/// Bytes that expressions may look at in a text, as a multiple of its length.
pub(crate) const MAX_SECRET_WORK_RATIO: u64 = 32;
/// The same for short texts, in bytes.
pub(crate) const MIN_SECRET_WORK_BYTES: u64 = 16 << 20;
/// The same for the longest texts, in bytes.
pub(crate) const MAX_SECRET_WORK_BYTES: u64 = 4 << 30;
/// Longest token, in bytes.
pub(crate) const MAX_SECRET_TOKEN_BYTES: usize = 8 << 10;
/// Most bytes of a variable, label or build step that are searched.
pub(crate) const MAX_CONFIG_TEXT_BYTES: usize = 4 << 20;
/// Most rules in one rule file.
pub(crate) const MAX_SECRET_RULES: usize = 10_000;
/// Largest compiled expression, in bytes.
pub(crate) const MAX_SECRET_REGEX_BYTES: usize = 4 << 20;
/// Longest armoured block, in bytes.
pub(crate) const MAX_PEM_BYTES: usize = 64 << 10;
/// Largest file that may be a key, key store or certificate as a whole, in bytes.
pub(crate) const MAX_KEY_FILE_BYTES: u64 = 16 << 20;
/// Most entries of a key store, and certificates of a chain.
pub(crate) const MAX_KEY_STORE_ENTRIES: u32 = 10_000;
/// Most rounds of hashing that one key store may cost.
pub(crate) const MAX_KEY_STORE_ITERATIONS: u64 = 2_000_000;
/// Certificates from which on a file is a bundle of authorities.
pub(crate) const MIN_BUNDLE_CERTIFICATES: usize = 10;

/// Largest template that is looked at, in bytes.
pub(crate) const MAX_TEMPLATE_BYTES: usize = 4 << 20;
/// Most rules of one kind of template.
pub(crate) const MAX_TEMPLATE_RULES: usize = 1_000;
/// Largest settings of the rules of templates, in bytes.
pub(crate) const MAX_TEMPLATE_SETTINGS_BYTES: usize = 1 << 20;
/// Most flaws told of templates that are looked at together.
pub(crate) const MAX_TEMPLATE_FLAWS: usize = 20_000;
/// Most values of one YAML template, those of aliases counted each time.
pub(crate) const MAX_TEMPLATE_NODES: usize = 200_000;
/// Most documents of one YAML template.
pub(crate) const MAX_TEMPLATE_DOCUMENTS: usize = 10_000;
/// Most ignore comments of one template, and most names in one.
pub(crate) const MAX_IGNORE_COMMENTS: usize = 1_000;
pub(crate) const MAX_IGNORE_NAMES: usize = 100;
/// Most instructions of one Dockerfile.
pub(crate) const MAX_INSTRUCTIONS: usize = 20_000;
/// Longest text that the variables of a Dockerfile may make, in bytes, and how deep their defaults
/// may be nested.
pub(crate) const MAX_EXPANSION_BYTES: usize = 64 << 10;
pub(crate) const MAX_EXPANSION_DEPTH: usize = 16;
/// Longest shell text of one RUN that is read, in bytes.
pub(crate) const MAX_RUN_BYTES: usize = 256 << 10;
/// Most flags of one instruction.
pub(crate) const MAX_FLAGS: usize = 100;
/// Most Kubernetes objects that are looked at together.
pub(crate) const MAX_MANIFEST_OBJECTS: usize = 20_000;
/// Most comparisons of labels with selectors, of all objects together.
pub(crate) const MAX_SELECTOR_TESTS: usize = 2_000_000;
/// Most bytes of `etc/passwd` or `etc/group` that are read.
pub(crate) const MAX_ACCOUNTS_BYTES: usize = 1 << 20;
/// Most users, and most groups, that are kept.
pub(crate) const MAX_ACCOUNTS: usize = 10_000;
/// Most members of one group that are kept.
pub(crate) const MAX_GROUP_MEMBERS: usize = 1_000;
/// Most services of one compose file.
pub(crate) const MAX_COMPOSE_SERVICES: usize = 2_000;
/// Most files that one compose file includes, one from the other, and how deep; also how often a
/// service may extend another.
pub(crate) const MAX_COMPOSE_FILES: usize = 100;
pub(crate) const MAX_COMPOSE_DEPTH: usize = 8;
/// Largest env file that is read, in bytes, and most variables in it.
pub(crate) const MAX_ENV_FILE_BYTES: usize = 1 << 20;
pub(crate) const MAX_ENV_VARIABLES: usize = 10_000;
