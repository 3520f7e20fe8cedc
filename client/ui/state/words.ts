/** The words of which rooms' names are made. */
export const adjectives: readonly string[] =
  `able agile airy amber ample azure balmy bold brave bright brisk calm candid cheery civil clear clever coral cosy
  crisp dapper daring deft eager early easy elder fair fleet fond frank free fresh gentle glad golden grand green happy
  hardy honest humble indigo ivory jade jolly keen kind lively loyal lucid lunar mellow merry mild mossy neat nimble
  noble olive opal patient pearl plucky polite prime proud quick quiet rapid ready rosy ruby russet sandy scarlet serene
  silver sleek smart snowy solar spry steady sunny swift tidy tranquil true umber velvet vivid warm wise witty zesty`.split(
    /\s+/,
  );

export const animals: readonly string[] =
  `alpaca badger beaver bison bobcat buffalo bunting camel caribou cheetah cicada condor coyote crane cricket curlew
  dingo dolphin donkey dove eagle egret falcon ferret finch firefly fox gannet gazelle gecko gibbon goose grouse gull
  hare hawk hedgehog heron hoopoe horse ibex ibis impala jackal jay kestrel kite koala lark lemur leopard linnet llama
  lynx magpie marmot marten mole moose newt ocelot oriole osprey otter owl panda partridge pelican petrel pheasant
  pigeon plover pony puffin puma quail rabbit raven robin salmon seal serval shrew sparrow squirrel stoat stork swallow
  swan swift tapir tern thrush tiger toucan trout turtle vole walrus weasel whale wombat wren zebra`.split(
    /\s+/,
  );
