// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";

import {IERC5192} from "./IERC5192.sol";

/// @title Badges of members
/// @notice A badge shows what a member did. It cannot be transferred, sold or approved to anybody: ERC-721 with ERC-5192.
/// @dev A token's id is the badge's number in the bits from 160 up, and the member's account below. Badges are numbered from 1
/// and have 32 bits; what they are called and look like is in the metadata at their URI.
interface IBadgeBook is IERC721Metadata, IERC5192 {
    /// @notice The contract that gives badges changed.
    event BadgeGranterSet(address indexed campaignBook);

    /// @notice A badge has its metadata there, from now on.
    event BadgeDefined(uint256 indexed badge, string uri);

    error NotBadgeGranter(address caller);
    error BadgeInvalid(uint256 badge);
    error BadgeUriEmpty(uint256 badge);
    error BadgeNotHeld(uint256 tokenId);
    error BadgeLocked();
    error BadgeHolderZero();

    /// @notice Sets the contract that may give badges and take them from now on; the zero address for none.
    function setCampaignBook(address campaignBook_) external;

    /// @notice Says where the metadata of a badge are, anew if it was said before. Reverts with `BadgeInvalid` or
    /// `BadgeUriEmpty`.
    function defineBadge(uint32 badge, string calldata uri) external;

    /// @notice Gives a badge to a member, who may have it already. Only for the campaign book.
    /// @dev The member's account is not called, so none can stop it. Reverts with `NotBadgeGranter`, `BadgeInvalid` or
    /// `BadgeHolderZero`.
    /// @return granted false if the member has it already.
    function grant(address member, uint256 badge) external returns (bool granted);

    /// @notice Takes a badge away; nothing happens if the member does not have it. Only for the campaign book.
    /// @dev Reverts with `NotBadgeGranter`.
    function withdraw(address member, uint256 badge) external;

    /// @notice True if the member has the badge.
    function hasBadge(address member, uint256 badge) external view returns (bool);

    /// @notice Which of the badges `240 group` to `240 group + 239` a member has: one bit each, from the lowest up.
    function badgesOf(address member, uint256 group) external view returns (uint256 bits);

    /// @notice Where the metadata of a badge are; empty if nobody has said.
    function badgeUri(uint256 badge) external view returns (string memory);

    /// @notice The contract that may give badges and take them.
    function campaignBook() external view returns (address);
}
