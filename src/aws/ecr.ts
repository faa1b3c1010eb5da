/** ECR behind `EcrPort`. A registry is asked in its own region, which may differ from the cluster's. */
import { DescribeImagesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import type { Call } from './call.ts';
import { required, undefinedIfNotFound } from './classify.ts';
import type { EcrImage, EcrPort } from './ports.ts';

export function makeEcr(clientFor: (region: string) => ECRClient, call: Call): EcrPort {
  return {
    async imageDigest(image) {
      const client = clientFor(image.region);
      const command = new DescribeImagesCommand({
        registryId: image.registryId,
        repositoryName: image.repository,
        imageIds: [imageId(image)],
      });
      const asked = call('ecr:DescribeImages', (options) => client.send(command, options));
      const answer = await asked.catch(undefinedIfNotFound);
      return answer && required(answer.imageDetails?.[0]?.imageDigest, 'ecr:DescribeImages', 'imageDigest');
    },
  };
}

function imageId({ tag }: EcrImage): { imageTag: string } | { imageDigest: string } {
  return tag.startsWith('sha256:') ? { imageDigest: tag } : { imageTag: tag };
}
