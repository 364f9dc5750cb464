"""The errors of the APIs: AWS's codes, and its texts as far as public reports show them."""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class InvalidParameter(ServiceError):
    code = "InvalidParameterException"

    @classmethod
    def at(cls, member: str, constraint: str) -> InvalidParameter:
        return cls(f"Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'")


class Validation(ServiceError):
    code = "ValidationException"


class InvalidTag(ServiceError):
    code = "InvalidTagParameterException"


class TooManyTags(ServiceError):
    code = "TooManyTagsException"
    default = "The maximum number of tags that can be added to a repository is 50."


class LimitExceeded(ServiceError):
    code = "LimitExceededException"


class RepositoryNotFound(ServiceError):
    code = "RepositoryNotFoundException"

    @classmethod
    def of(cls, account: str, name: str) -> RepositoryNotFound:
        return cls(f"The repository with name '{name}' does not exist in the registry with id '{account}'")


class RepositoryAlreadyExists(ServiceError):
    code = "RepositoryAlreadyExistsException"


class RepositoryNotEmpty(ServiceError):
    code = "RepositoryNotEmptyException"


class RepositoryPolicyNotFound(ServiceError):
    code = "RepositoryPolicyNotFoundException"


class RegistryPolicyNotFound(ServiceError):
    code = "RegistryPolicyNotFoundException"


class LifecyclePolicyNotFound(ServiceError):
    code = "LifecyclePolicyNotFoundException"


class LifecyclePreviewNotFound(ServiceError):
    code = "LifecyclePolicyPreviewNotFoundException"


class ImageNotFound(ServiceError):
    code = "ImageNotFoundException"


class ImageAlreadyExists(ServiceError):
    code = "ImageAlreadyExistsException"


class ImageTagAlreadyExists(ServiceError):
    code = "ImageTagAlreadyExistsException"


class ImageDigestDoesNotMatch(ServiceError):
    code = "ImageDigestDoesNotMatchException"


class ReferencedImagesNotFound(ServiceError):
    code = "ReferencedImagesNotFoundException"


class LayersNotFound(ServiceError):
    code = "LayersNotFoundException"


class UploadNotFound(ServiceError):
    code = "UploadNotFoundException"


class InvalidLayer(ServiceError):
    code = "InvalidLayerException"


class InvalidLayerPart(ServiceError):
    code = "InvalidLayerPartException"


class LayerPartTooSmall(ServiceError):
    code = "LayerPartTooSmallException"


class LayerAlreadyExists(ServiceError):
    code = "LayerAlreadyExistsException"


class EmptyUpload(ServiceError):
    code = "EmptyUploadException"


class ScanNotFound(ServiceError):
    code = "ScanNotFoundException"


class UnsupportedImageType(ServiceError):
    code = "UnsupportedImageTypeException"


class ImageArchived(ServiceError):
    code = "ImageArchivedException"


class StorageClassUpdateNotSupported(ServiceError):
    code = "ImageStorageClassUpdateNotSupportedException"


class CacheRuleNotFound(ServiceError):
    code = "PullThroughCacheRuleNotFoundException"


class CacheRuleAlreadyExists(ServiceError):
    code = "PullThroughCacheRuleAlreadyExistsException"


class UnsupportedUpstream(ServiceError):
    code = "UnsupportedUpstreamRegistryException"


class UnableToGetUpstreamImage(ServiceError):
    code = "UnableToGetUpstreamImageException"


class UnableToGetUpstreamLayer(ServiceError):
    code = "UnableToGetUpstreamLayerException"


class TemplateNotFound(ServiceError):
    code = "TemplateNotFoundException"


class TemplateAlreadyExists(ServiceError):
    code = "TemplateAlreadyExistsException"


class SigningConfigurationNotFound(ServiceError):
    code = "SigningConfigurationNotFoundException"


class ExclusionNotFound(ServiceError):
    code = "ExclusionNotFoundException"


class ExclusionAlreadyExists(ServiceError):
    code = "ExclusionAlreadyExistsException"


class BackfillNotFound(ServiceError):
    code = "ReplicationBackfillNotFoundException"


class BackfillInvalidStatus(ServiceError):
    code = "ReplicationBackfillInvalidStatusException"


class RegistryNotFound(ServiceError):
    code = "RegistryNotFoundException"


class CatalogDataNotFound(ServiceError):
    code = "RepositoryCatalogDataNotFoundException"


class BackfillInProgress(ServiceError):
    code = "ReplicationBackfillInProgressException"
