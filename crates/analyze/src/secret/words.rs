//! Table: words that speak against a secret, all in small letters.

/// Parts of values that are examples. The last eleven are of the account key of Azure's storage
/// emulator, of the key in Stripe's manual, and of the examples in RFC 6749 and OAuth Core 1.0.
#[rustfmt::skip]
pub(crate) const EXAMPLE_PARTS: [&[u8]; 45] = [
    b"example", b"xxxx", b"your_", b"your-", b"yourp", b"yoursecret", b"yourtoken",
    b"yourkey", b"yourapi", b"placeholder", b"dummy", b"sample", b"redacted", b"changeme",
    b"change_me", b"change-me", b"changethis", b"change_this", b"change-this", b"replaceme", b"replace_me",
    b"replace-me", b"replace_with", b"insert_", b"insert-", b"fakekey", b"faketoken", b"notasecret",
    b"not-a-secret", b"not_a_secret", b"....", b"****", b"____", b"foobar", b"eby8vdm02xnocqflqu",
    b"4ec39hqlyjwdarjtt1zd", b"2yotnfzfejr1zcsicmwpaa", b"tgzv3jokf0xg5qx2tlkwia", b"gx1fbat3bv", b"splxlobezqqybys6wxsbia",
    b"nnch734d00sl2jdk", b"kd94hf93k423kf44", b"pfkkdhi9sl3r4s00", b"hh5s93j4hdidpola", b"dpf43f3p2l4k3l03",
];

/// Whole values that are tried first because so many use them.
#[rustfmt::skip]
pub(crate) const STOCK_VALUES: [&[u8]; 40] = [
    b"password", b"passwd", b"pass", b"pwd", b"secret", b"user", b"root",
    b"admin", b"administrator", b"guest", b"test", b"testing", b"demo", b"changeit",
    b"mypassword", b"mysecret", b"mypass", b"my_password", b"my_secret", b"letmein", b"qwerty",
    b"postgres", b"mysql", b"mariadb", b"redis", b"rabbitmq", b"mongo", b"oracle",
    b"s3cret", b"s3cr3t", b"p@ssw0rd", b"passw0rd", b"password1", b"password123", b"pass123",
    b"test123", b"admin123", b"secret123", b"pass1234", b"test1234",
];

/// Whole values that stand for one or say that there is none.
#[rustfmt::skip]
pub(crate) const VOID_VALUES: [&[u8]; 23] = [
    b"none", b"null", b"nil", b"true", b"false", b"undefined", b"default",
    b"empty", b"string", b"required", b"optional", b"value", b"foo", b"bar",
    b"baz", b"token", b"key", b"apikey", b"api_key", b"username", b"mytoken",
    b"enabled", b"disabled",
];

/// Parts of names of things that are public, or no value.
#[rustfmt::skip]
pub(crate) const HARMLESS_NAME_PARTS: [&[u8]; 80] = [
    b"public", b"pubkey", b"hash", b"digest", b"sha1", b"sha2", b"md5",
    b"checksum", b"salt", b"file", b"path", b"dir", b"url", b"uri",
    b"name", b"_id", b"-id", b"length", b"size", b"count", b"type",
    b"format", b"field", b"column", b"label", b"title", b"prompt", b"message",
    b"error", b"text", b"placeholder", b"policy", b"regex", b"pattern", b"hint",
    b"help", b"desc", b"input", b"form", b"param", b"header", b"cookie",
    b"csrf", b"xsrf", b"nonce", b"expir", b"timeout", b"class", b"icon",
    b"style", b"endpoint", b"algorithm", b"provider", b"encrypted", b"tokeniz", b"version",
    b"ref", b"dummy", b"example", b"sample", b"fake", b"mock", b"reset",
    b"method", b"scheme", b"driver", b"query", b"strength", b"valid", b"confirm",
    b"generator", b"prefix", b"suffix", b"separator", b"lifetime", b"ttl", b"scope",
    b"issuer", b"audience", b"yourp",
];
