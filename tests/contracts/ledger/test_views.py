"""What `PointLedger` answers of itself and of what it does not know."""

from eth_abi import encode
from eth_utils import keccak
from support import ZERO, plain, word


def test_describes_itself(ledger, registry, manager):
    assert ledger.name() == "Coalition Points"
    assert ledger.symbol() == "POINTS"
    assert ledger.decimals() == 0
    assert ledger.registry() == registry
    assert ledger.authority() == manager


def test_its_domain_is_that_of_eip_712(ledger):
    _, name, version, chain_id, contract, _, _ = ledger.eip712Domain()
    assert (name, version, contract) == ("Coalition Points", "1", ledger)
    kind = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    content = encode(
        ["bytes32", "bytes32", "bytes32", "uint256", "address"],
        [kind, keccak(text=name), keccak(text=version), chain_id, ledger.address],
    )
    assert bytes(ledger.DOMAIN_SEPARATOR()) == keccak(content)


def test_an_unknown_account_is_empty(ledger, stranger):
    assert not ledger.isMember(stranger)
    assert ledger.lotsOf(stranger) == word(ledger.currentEpoch())
    assert ledger.balanceOf(stranger) == 0
    assert ledger.debtOf(stranger) == 0
    assert ledger.signerOf(stranger) == stranger
    assert plain(ledger.accountKeyOf(stranger)) == (ZERO, 0, ZERO)
    assert ledger.nonces(stranger) == 0


def test_an_unknown_receipt_is_empty(ledger, earning_partner):
    for receipt in (0, 31, 2**256 - 1):
        assert not ledger.isReceiptUsed(earning_partner.id, receipt)
        assert plain(ledger.holdOf(earning_partner.id, receipt)) == (ZERO, 0, 0)
        assert ledger.correctedOf(earning_partner.id, receipt) == 0
        chain, used = ledger.receiptWordOf(earning_partner.id, receipt)
        assert (bytes(chain), used) == (bytes(28), 0)


def test_lots_tell_flags_that_are_the_members(ledger, member, recovery, next_key):
    enrolled = 1 << 216 | ledger.memberSinceOf(member) << 224
    changed = 1 << 218
    assert ledger.lotsOf(member) == word(0) | enrolled
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    assert ledger.lotsOf(member) == word(0) | enrolled | changed
