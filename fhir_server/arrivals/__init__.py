"""What becomes of a v2 message in the store.

Law: a message is one job of the one writer (`job`). All it states joins what others stated about the same resources
(`statement`, folded by `store.fold`), so that neither order nor repetition changes what comes out; merged patients are
renamed wherever they are referred to, also by what is still to come (`merge`, `renaming`); a borrowed card and a code
that no table knows become Tasks (`identity_review`, `unmapped_task`). Each arrival leaves a row in the journal, also
the one that is refused. The adapters hand in an `Arrival` and get a `Receipt`; no v2 is known here.
"""
