//! Table: what the programs of the control plane and of nodes must be started with (CIS Kubernetes,
//! sections 1 to 4, and flags of older versions).

use super::Test;

/// A rule about a program.
#[derive(Debug)]
pub(super) struct Setting {
    /// The rule.
    pub(super) rule: &'static str,
    /// The program.
    pub(super) program: &'static str,
    /// What must hold.
    pub(super) test: Test,
    /// A flag that hands the decision to a file that is not looked at; empty when there is none.
    pub(super) unless: &'static str,
}

const fn setting(
    rule: &'static str,
    program: &'static str,
    test: Test,
    unless: &'static str,
) -> Setting {
    Setting { rule, program, test, unless }
}

/// The rules, in the order of the benchmark.
pub(super) const SETTINGS: [Setting; 68] = [
    setting(
        "kubernetes-apiserver-anonymous-auth",
        "kube-apiserver",
        Test::Is("--anonymous-auth", "false", false),
        "--authentication-config",
    ),
    setting(
        "kubernetes-apiserver-token-file",
        "kube-apiserver",
        Test::Absent("--token-auth-file"),
        "",
    ),
    setting(
        "kubernetes-apiserver-basic-auth-file",
        "kube-apiserver",
        Test::Absent("--basic-auth-file"),
        "",
    ),
    setting(
        "kubernetes-apiserver-external-ips",
        "kube-apiserver",
        Test::Has("--enable-admission-plugins", "DenyServiceExternalIPs"),
        "",
    ),
    setting(
        "kubernetes-apiserver-kubelet-https",
        "kube-apiserver",
        Test::IsNot("--kubelet-https", "false"),
        "",
    ),
    setting(
        "kubernetes-apiserver-kubelet-client-certificate",
        "kube-apiserver",
        Test::Present(&["--kubelet-client-certificate", "--kubelet-client-key"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-kubelet-authority",
        "kube-apiserver",
        Test::Present(&["--kubelet-certificate-authority"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-authorization-always-allow",
        "kube-apiserver",
        Test::Lacks("--authorization-mode", "AlwaysAllow", false),
        "--authorization-config",
    ),
    setting(
        "kubernetes-apiserver-authorization-node",
        "kube-apiserver",
        Test::Has("--authorization-mode", "Node"),
        "--authorization-config",
    ),
    setting(
        "kubernetes-apiserver-authorization-rbac",
        "kube-apiserver",
        Test::Has("--authorization-mode", "RBAC"),
        "--authorization-config",
    ),
    setting(
        "kubernetes-apiserver-event-rate-limit",
        "kube-apiserver",
        Test::Has("--enable-admission-plugins", "EventRateLimit"),
        "",
    ),
    setting(
        "kubernetes-apiserver-always-admit",
        "kube-apiserver",
        Test::Lacks("--enable-admission-plugins", "AlwaysAdmit", true),
        "",
    ),
    setting(
        "kubernetes-apiserver-always-pull-images",
        "kube-apiserver",
        Test::Has("--enable-admission-plugins", "AlwaysPullImages"),
        "",
    ),
    setting(
        "kubernetes-apiserver-service-account-plugin",
        "kube-apiserver",
        Test::Lacks("--disable-admission-plugins", "ServiceAccount", true),
        "",
    ),
    setting(
        "kubernetes-apiserver-namespace-lifecycle",
        "kube-apiserver",
        Test::Lacks("--disable-admission-plugins", "NamespaceLifecycle", true),
        "",
    ),
    setting(
        "kubernetes-apiserver-node-restriction",
        "kube-apiserver",
        Test::Has("--enable-admission-plugins", "NodeRestriction"),
        "",
    ),
    setting(
        "kubernetes-apiserver-insecure-bind-address",
        "kube-apiserver",
        Test::Absent("--insecure-bind-address"),
        "",
    ),
    setting(
        "kubernetes-apiserver-insecure-port",
        "kube-apiserver",
        Test::ZeroOrAbsent("--insecure-port"),
        "",
    ),
    setting(
        "kubernetes-apiserver-secure-port",
        "kube-apiserver",
        Test::IsNot("--secure-port", "0"),
        "",
    ),
    setting(
        "kubernetes-apiserver-profiling",
        "kube-apiserver",
        Test::Is("--profiling", "false", false),
        "",
    ),
    setting(
        "kubernetes-apiserver-audit-log",
        "kube-apiserver",
        Test::Present(&["--audit-log-path"]),
        "--audit-webhook-config-file",
    ),
    setting(
        "kubernetes-apiserver-audit-age",
        "kube-apiserver",
        Test::AtLeast("--audit-log-maxage", 30),
        "--audit-webhook-config-file",
    ),
    setting(
        "kubernetes-apiserver-audit-backups",
        "kube-apiserver",
        Test::AtLeast("--audit-log-maxbackup", 10),
        "--audit-webhook-config-file",
    ),
    setting(
        "kubernetes-apiserver-audit-size",
        "kube-apiserver",
        Test::AtLeast("--audit-log-maxsize", 100),
        "--audit-webhook-config-file",
    ),
    setting(
        "kubernetes-apiserver-audit-policy",
        "kube-apiserver",
        Test::Present(&["--audit-policy-file"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-request-timeout",
        "kube-apiserver",
        Test::ShortTimeout("--request-timeout"),
        "",
    ),
    setting(
        "kubernetes-apiserver-service-account-lookup",
        "kube-apiserver",
        Test::Is("--service-account-lookup", "true", true),
        "",
    ),
    setting(
        "kubernetes-apiserver-service-account-key",
        "kube-apiserver",
        Test::Present(&["--service-account-key-file"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-etcd-certificate",
        "kube-apiserver",
        Test::Present(&["--etcd-certfile", "--etcd-keyfile"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-tls-certificate",
        "kube-apiserver",
        Test::Present(&["--tls-cert-file", "--tls-private-key-file"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-client-authority",
        "kube-apiserver",
        Test::Present(&["--client-ca-file"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-etcd-authority",
        "kube-apiserver",
        Test::Present(&["--etcd-cafile"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-encryption",
        "kube-apiserver",
        Test::Present(&["--encryption-provider-config"]),
        "",
    ),
    setting(
        "kubernetes-apiserver-weak-ciphers",
        "kube-apiserver",
        Test::StrongCiphers("--tls-cipher-suites"),
        "",
    ),
    setting(
        "kubernetes-apiserver-token-extension",
        "kube-apiserver",
        Test::Is("--service-account-extend-token-expiration", "false", false),
        "",
    ),
    setting(
        "kubernetes-apiserver-security-context-deny",
        "kube-apiserver",
        Test::Lacks("--enable-admission-plugins", "SecurityContextDeny", true),
        "",
    ),
    setting(
        "kubernetes-controller-garbage-collection",
        "kube-controller-manager",
        Test::Present(&["--terminated-pod-gc-threshold"]),
        "",
    ),
    setting(
        "kubernetes-controller-profiling",
        "kube-controller-manager",
        Test::Is("--profiling", "false", false),
        "",
    ),
    setting(
        "kubernetes-controller-own-credentials",
        "kube-controller-manager",
        Test::Is("--use-service-account-credentials", "true", false),
        "",
    ),
    setting(
        "kubernetes-controller-private-key",
        "kube-controller-manager",
        Test::Present(&["--service-account-private-key-file"]),
        "",
    ),
    setting(
        "kubernetes-controller-root-authority",
        "kube-controller-manager",
        Test::Present(&["--root-ca-file"]),
        "",
    ),
    setting(
        "kubernetes-controller-rotation",
        "kube-controller-manager",
        Test::Lacks("--feature-gates", "RotateKubeletServerCertificate=false", true),
        "",
    ),
    setting(
        "kubernetes-controller-bind-address",
        "kube-controller-manager",
        Test::Loopback("--bind-address", false),
        "",
    ),
    setting(
        "kubernetes-scheduler-profiling",
        "kube-scheduler",
        Test::Is("--profiling", "false", false),
        "--config",
    ),
    setting(
        "kubernetes-scheduler-bind-address",
        "kube-scheduler",
        Test::Loopback("--bind-address", false),
        "",
    ),
    setting(
        "kubernetes-etcd-certificate",
        "etcd",
        Test::Present(&["--cert-file", "--key-file"]),
        "--config-file",
    ),
    setting(
        "kubernetes-etcd-client-authentication",
        "etcd",
        Test::Is("--client-cert-auth", "true", false),
        "--config-file",
    ),
    setting("kubernetes-etcd-auto-tls", "etcd", Test::IsNot("--auto-tls", "true"), ""),
    setting(
        "kubernetes-etcd-peer-certificate",
        "etcd",
        Test::Present(&["--peer-cert-file", "--peer-key-file"]),
        "--config-file",
    ),
    setting(
        "kubernetes-etcd-peer-authentication",
        "etcd",
        Test::Is("--peer-client-cert-auth", "true", false),
        "--config-file",
    ),
    setting("kubernetes-etcd-peer-auto-tls", "etcd", Test::IsNot("--peer-auto-tls", "true"), ""),
    setting(
        "kubernetes-etcd-own-authority",
        "etcd",
        Test::Present(&["--trusted-ca-file"]),
        "--config-file",
    ),
    setting(
        "kubernetes-kubelet-anonymous-auth",
        "kubelet",
        Test::Is("--anonymous-auth", "false", false),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-always-allow",
        "kubelet",
        Test::Lacks("--authorization-mode", "AlwaysAllow", false),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-client-authority",
        "kubelet",
        Test::Present(&["--client-ca-file"]),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-read-only-port",
        "kubelet",
        Test::ZeroOrAbsent("--read-only-port"),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-idle-timeout",
        "kubelet",
        Test::IsNot("--streaming-connection-idle-timeout", "0"),
        "",
    ),
    setting(
        "kubernetes-kubelet-iptables",
        "kubelet",
        Test::Is("--make-iptables-util-chains", "true", true),
        "",
    ),
    setting(
        "kubernetes-kubelet-kernel-defaults",
        "kubelet",
        Test::Is("--protect-kernel-defaults", "true", false),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-hostname-override",
        "kubelet",
        Test::Absent("--hostname-override"),
        "",
    ),
    setting("kubernetes-kubelet-event-qps", "kubelet", Test::IsNot("--event-qps", "0"), ""),
    setting(
        "kubernetes-kubelet-certificate",
        "kubelet",
        Test::Present(&["--tls-cert-file", "--tls-private-key-file"]),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-client-rotation",
        "kubelet",
        Test::IsNot("--rotate-certificates", "false"),
        "",
    ),
    setting(
        "kubernetes-kubelet-server-rotation",
        "kubelet",
        Test::Lacks("--feature-gates", "RotateKubeletServerCertificate=false", true),
        "",
    ),
    setting(
        "kubernetes-kubelet-weak-ciphers",
        "kubelet",
        Test::StrongCiphers("--tls-cipher-suites"),
        "",
    ),
    setting(
        "kubernetes-kubelet-pids-limit",
        "kubelet",
        Test::Present(&["--pod-max-pids"]),
        "--config",
    ),
    setting(
        "kubernetes-kubelet-seccomp-default",
        "kubelet",
        Test::Is("--seccomp-default", "true", false),
        "--config",
    ),
    setting(
        "kubernetes-proxy-metrics-address",
        "kube-proxy",
        Test::Loopback("--metrics-bind-address", true),
        "",
    ),
];
