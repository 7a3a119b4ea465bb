//! Findings about what lies in an image and where it came from, made of foreign texts.

use model::{
    Band, CertificateFacts, Confidence, Decision, Distrust, Evidence, Finding, FindingId,
    FindingKind, KeyFacts, LayerIndex, Malware, Method, MethodScore, Secret, SecretCategory,
    SecretPlace, SignatureFact, SignatureFormat, Span, SuspiciousStep, TrustRequirement,
    TrustResult,
};

use crate::foreign::Foreign;
use crate::reports::{digest, now};

impl Foreign<'_> {
    /// One finding of each kind that is about content, history or trust.
    pub(crate) fn contents(&mut self) -> [FindingKind; 4] {
        [
            FindingKind::Malware(Box::new(self.malware())),
            FindingKind::Secret(Box::new(self.secret())),
            FindingKind::History(Box::new(self.step())),
            FindingKind::Trust(Box::new(self.distrust())),
        ]
    }

    /// The finding of such a kind.
    pub(crate) fn content_finding(&mut self, kind: FindingKind) -> Finding {
        let id = FindingId::of(&[kind.as_str(), &self.text()]);
        Finding { id, severity: self.severity(), base: self.0.below(2) == 1, kind }
    }

    /// What came of foreign requirements.
    pub(crate) fn trust(&mut self) -> Option<TrustResult> {
        let requirements = (0..2).map(|_| TrustRequirement {
            kind: self.text(),
            demand: self.text(),
            met: self.0.below(2) == 1,
            reason: self.text(),
        });
        let requirements = requirements.collect();
        Some(TrustResult {
            scope: self.text(),
            reference: self.text(),
            digest: Some(digest(5)),
            mode: self.one(&[Decision::Warn, Decision::Deny]),
            requirements,
            signatures: SignatureFormat::ALL.map(|format| self.signature(format)).into(),
        })
    }

    fn signature(&mut self, format: SignatureFormat) -> SignatureFact {
        SignatureFact {
            format,
            found_at: self.text(),
            signs: Some(digest(6)),
            reference: self.some(),
            identity: self.some(),
            signer: self.some(),
            signed_at: Some(now()),
            failure: self.some(),
        }
    }

    fn malware(&mut self) -> Malware {
        let methods = Method::ALL.map(|method| MethodScore {
            method,
            score: self.score(),
            decisive: self.0.below(2) == 1,
            evidence: vec![self.evidence()],
        });
        Malware {
            layer: self.layer(),
            path: self.text(),
            file_kind: self.text(),
            digest: digest(7),
            size_bytes: 1 << self.0.below(40),
            name: self.text(),
            band: self.one(&[Band::Clean, Band::Suspicious, Band::Malicious]),
            score: self.score(),
            methods: methods.into(),
            owned_by: self.some(),
            deleted_by: Some(self.layer()),
        }
    }

    fn evidence(&mut self) -> Evidence {
        Evidence {
            name: self.text(),
            description: self.text(),
            author: self.text(),
            reference: self.text(),
            span: self.span(),
            excerpt: self.text(),
            score: self.score(),
        }
    }

    fn secret(&mut self) -> Secret {
        let place = [
            SecretPlace::File(self.text()),
            SecretPlace::Environment(self.text()),
            SecretPlace::Label(self.text()),
            SecretPlace::History(7),
        ];
        Secret {
            layer: self.layer(),
            place: place[self.0.below(place.len())].clone(),
            rule: self.text(),
            title: self.text(),
            category: self.one(&SecretCategory::ALL),
            confidence: self.one(&[
                Confidence::Placeholder,
                Confidence::Likely,
                Confidence::Certain,
            ]),
            line: self.0.below(3) as u32,
            span: self.span(),
            excerpt: self.text(),
            fingerprint: self.text(),
            key: Some(self.key()),
            certificate: Some(self.certificate()),
            owned_by: self.some(),
            deleted_by: Some(self.layer()),
        }
    }

    fn key(&mut self) -> KeyFacts {
        KeyFacts {
            algorithm: self.text(),
            bits: self.0.below(5000) as u32,
            format: self.text(),
            encrypted: self.0.below(2) == 1,
            public_key: self.text(),
            certificate: self.some(),
        }
    }

    fn certificate(&mut self) -> CertificateFacts {
        CertificateFacts {
            subject: self.text(),
            issuer: self.text(),
            serial: self.text(),
            not_before: Some(now()),
            not_after: Some(now()),
            self_signed: self.0.below(2) == 1,
            is_ca: self.0.below(2) == 1,
            public_key: self.text(),
        }
    }

    fn step(&mut self) -> SuspiciousStep {
        SuspiciousStep {
            layer: self.layer(),
            step: self.0.below(3) as u32,
            rule: self.text(),
            title: self.text(),
            attack: vec![self.text()],
            text: self.text(),
            span: self.span(),
            confirmed_by: vec![self.text()],
            advice: self.text(),
        }
    }

    fn distrust(&mut self) -> Distrust {
        Distrust {
            scope: self.text(),
            reference: self.text(),
            requirement: self.text(),
            demand: self.text(),
            reason: self.text(),
        }
    }

    fn layer(&mut self) -> LayerIndex {
        LayerIndex(self.0.below(4) as u32)
    }

    fn score(&mut self) -> f32 {
        self.0.below(101) as f32 / 100.0
    }

    /// A stretch that may lie beyond the end, or within a character, of any text.
    fn span(&mut self) -> Option<Span> {
        let (offset, length) = (self.0.below(50) as u64, self.0.below(50) as u64);
        (self.0.below(3) > 0).then_some(Span { offset, length })
    }
}
