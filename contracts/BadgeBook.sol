// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IBadgeBook} from "./interfaces/IBadgeBook.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {BADGES_PER_GROUP} from "./libraries/Constants.sol";

/// @title Badges of members
/// @dev An account's badges are bits: 240 share a word, and the first word also counts all of them from bit 240 up. Assumes
/// that the campaign book gives badges only by campaigns that were agreed. Warning: an account has at most 65,535 badges; one
/// more reverts.
contract BadgeBook is IBadgeBook, AccessManaged {
    /// @inheritdoc IERC721Metadata
    string public constant name = "Coalition Badges";

    /// @inheritdoc IERC721Metadata
    string public constant symbol = "BADGE";

    /// @inheritdoc IBadgeBook
    address public campaignBook;

    /// @inheritdoc IBadgeBook
    mapping(uint256 badge => string) public badgeUri;

    mapping(address member => mapping(uint256 group => uint256)) private _words;

    /// @param manager the `AccessManager` that knows the roles.
    constructor(address manager) AccessManaged(manager) {}

    /// @inheritdoc IBadgeBook
    function setCampaignBook(address campaignBook_) external restricted {
        // slither-disable-next-line missing-zero-check
        campaignBook = campaignBook_;

        emit BadgeGranterSet(campaignBook_);
    }

    /// @inheritdoc IBadgeBook
    function defineBadge(uint32 badge, string calldata uri) external restricted {
        require(badge != 0, BadgeInvalid(badge));
        require(bytes(uri).length != 0, BadgeUriEmpty(badge));

        badgeUri[badge] = uri;

        emit BadgeDefined(badge, uri);
    }

    /// @inheritdoc IBadgeBook
    function grant(address member, uint256 badge) external returns (bool granted) {
        require(msg.sender == campaignBook, NotBadgeGranter(msg.sender));
        require(badge != 0 && badge <= type(uint32).max, BadgeInvalid(badge));
        require(member != address(0), BadgeHolderZero());
        if (hasBadge(member, badge)) return false;

        _words[member][badge / BADGES_PER_GROUP] ^= 1 << (badge % BADGES_PER_GROUP);
        _words[member][0] += 1 << BADGES_PER_GROUP;
        uint256 tokenId = _tokenId(member, badge);

        emit Transfer(address(0), member, tokenId);
        emit Locked(tokenId);

        return true;
    }

    /// @inheritdoc IBadgeBook
    function withdraw(address member, uint256 badge) external {
        require(msg.sender == campaignBook, NotBadgeGranter(msg.sender));
        if (!hasBadge(member, badge)) return;

        _words[member][badge / BADGES_PER_GROUP] ^= 1 << (badge % BADGES_PER_GROUP);
        _words[member][0] -= 1 << BADGES_PER_GROUP;

        emit Transfer(member, address(0), _tokenId(member, badge));
    }

    /// @inheritdoc IBadgeBook
    function badgesOf(address member, uint256 group) external view returns (uint256) {
        return _words[member][group] & ((1 << BADGES_PER_GROUP) - 1);
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        ownerOf(tokenId);
        return true;
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) external view returns (uint256) {
        require(owner != address(0), BadgeHolderZero());

        return _words[owner][0] >> BADGES_PER_GROUP;
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        ownerOf(tokenId);
        return badgeUri[tokenId >> 160];
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 tokenId) external view returns (address) {
        ownerOf(tokenId);
        return address(0);
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address, address) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc IERC721
    function transferFrom(address, address, uint256) external pure {
        revert BadgeLocked();
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256) external pure {
        revert BadgeLocked();
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256, bytes calldata) external pure {
        revert BadgeLocked();
    }

    /// @inheritdoc IERC721
    function approve(address, uint256) external pure {
        revert BadgeLocked();
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address, bool) external pure {
        revert BadgeLocked();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC721).interfaceId
            || interfaceId == type(IERC721Metadata).interfaceId || interfaceId == type(IERC5192).interfaceId;
    }

    /// @inheritdoc IBadgeBook
    function hasBadge(address member, uint256 badge) public view returns (bool) {
        return badge <= type(uint32).max
            && (_words[member][badge / BADGES_PER_GROUP] >> (badge % BADGES_PER_GROUP)) & 1 == 1;
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 tokenId) public view returns (address owner) {
        owner = address(uint160(tokenId));
        require(hasBadge(owner, tokenId >> 160), BadgeNotHeld(tokenId));
    }

    function _tokenId(address member, uint256 badge) private pure returns (uint256) {
        return (badge << 160) | uint160(member);
    }
}
