//! Keys made by openssl and ssh-keygen.
