//! Who we are to a registry: the caller's word, docker's configuration, podman's, nobody.

use docker_credential::DockerCredential;
use oci_client::secrets::RegistryAuth;

use crate::Options;

/// The key under which docker keeps the credentials of its own registry.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
/// The user name that marks an identity token in a docker credential.
const TOKEN_USER: &str = "<token>";

/// The credentials for a registry. None to be found means anonymous: most images are public, and
/// the registry says so itself when one is not.
pub(super) fn credentials(registry: &str, options: &Options) -> RegistryAuth {
    if let Some((name, password)) = &options.credentials {
        return RegistryAuth::Basic(name.clone(), password.clone());
    }
    let keys: &[&str] = match registry {
        "docker.io" => &[DOCKER_HUB_KEY, "docker.io", "index.docker.io"],
        other => &[other],
    };
    let found = keys.iter().find_map(|key| {
        docker_credential::get_credential(key)
            .or_else(|_| docker_credential::get_podman_credential(key))
            .ok()
    });
    match found {
        Some(DockerCredential::UsernamePassword(name, password)) if name == TOKEN_USER => {
            RegistryAuth::Bearer(password)
        }
        Some(DockerCredential::UsernamePassword(name, password)) => {
            RegistryAuth::Basic(name, password)
        }
        Some(DockerCredential::IdentityToken(token)) => RegistryAuth::Bearer(token),
        None => RegistryAuth::Anonymous,
    }
}
