import { closed } from '#contracts/common.contract';
import { Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import Type from 'typebox';
import { Allow } from '../auth/allow.decorator.js';
import type { Caller } from '../auth/caller.js';
import { Endpoint } from '../http/endpoint.decorator.js';
import { BodyAs, CallerOf, QueryAs } from '../http/request.decorators.js';
import type { ImportReply, ImportRequest } from './import.documents.js';
import { ImportService } from './import.service.js';

const ImportQuery = Type.Object({ apply: Type.Optional(Type.Boolean({ default: false })) }, closed);

@ApiTags('Tools')
@Controller('v1/tools')
export class ImportController {
  constructor(private readonly imports: ImportService) {}

  @Post('import')
  @Allow('editor')
  @Endpoint<ImportReply>({
    summary: 'Import tools',
    description:
      'From a `curl` command, an OpenAPI document, a Postman collection, the tools of other products, or an export. A ' +
      'preview of what would be made, and of what would be lost; with `apply` the tools are saved as drafts and the ' +
      'secrets of the source are stored as credentials: all of it, or nothing.',
    reply: 'ImportReply',
    refusals: ['payload_too_large', 'credential_origin_mismatch', 'tool_exists'],
  })
  import(
    @CallerOf() caller: Caller,
    @BodyAs('ImportRequest', { showValues: false }) request: ImportRequest,
    @QueryAs(ImportQuery) { apply = false }: Type.Static<typeof ImportQuery>,
  ): Promise<ImportReply> {
    return apply ? this.imports.apply(caller, request) : this.imports.preview(caller, request);
  }
}
