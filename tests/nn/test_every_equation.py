"""Every public function and class of nn has a test against a formula that shares no code with it, or is no equation."""

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import cutaway.nn
from nn import (
    papers,
    test_alone,
    test_columns,
    test_derivatives,
    test_dot_product,
    test_dropout,
    test_far_attention,
    test_far_layers,
    test_far_ngrams,
    test_far_positions,
    test_joint,
    test_norms,
    test_positions,
    test_stored,
)

EQUATIONS: dict[str, Callable[..., Any]] = {
    "attention.Attention": test_far_attention.test_grouped_attention_with_rotation_and_norms,
    "attention.split_heads": test_far_attention.test_heads_lie_side_by_side,
    "attention.JointNorm": test_far_attention.test_a_joint_norm,
    "balance.BalanceByBias": test_far_layers.test_balance,
    "balance.BalanceByLoss": test_far_layers.test_balance,
    "balance.NoBalance": test_far_layers.test_balance,
    "balance.attach": test_derivatives.test_an_attached_loss_has_first_derivatives_only,
    "balance.count_choices": test_far_layers.test_balance,
    "dot_product.Scoring": test_far_attention.test_grouped_attention_with_rotation_and_norms,
    "dot_product.attend": test_far_attention.test_long_texts_without_a_mask,
    "dot_product.by_products": test_dot_product.test_products_are_the_plain_equation,
    "dot_product.fold": test_dot_product.test_query_heads_become_queries_of_the_head_that_they_share,
    "dot_product.fused": test_dot_product.test_every_case_is_the_plain_equation,
    "dot_product.masked": test_far_attention.test_long_texts_with_biases,
    "dot_product.plain": test_far_attention.test_long_texts_with_biases,
    "dot_product.unfolded": test_dot_product.test_every_case_is_the_plain_equation,
    "dot_product.softmax": test_alone.test_attend_takes_any_mask_and_a_row_without_keys_is_zeros,
    "dropout.Dropout": test_dropout.test_nothing_is_dropped_but_in_training,
    "dropout.drop": test_dropout.test_so_many_are_zeroed_and_the_mean_stays,
    "embeddings.FrameEmbedding": test_far_layers.test_embedding_of_frames,
    "embeddings.PatchEmbedding": test_far_layers.test_embedding_of_patches,
    "embeddings.TokenEmbedding": test_far_layers.test_embedding_of_tokens,
    "experts.Experts": test_far_layers.test_many_experts_in_groups,
    "experts.Router": test_far_layers.test_many_experts_in_groups,
    "experts.Routing": test_far_layers.test_many_experts_in_groups,
    "feedforward.Dense": test_far_layers.test_feed_forward_networks,
    "feedforward.Gated": test_far_layers.test_feed_forward_networks,
    "feedforward.gelu_tanh": test_far_layers.test_activations,
    "feedforward.squared_relu": test_far_layers.test_activations,
    "frequencies.dynamic": test_far_positions.test_frequencies_that_depend_on_the_length,
    "frequencies.longrope": test_far_positions.test_frequencies_that_depend_on_the_length,
    "frequencies.frequencies": test_far_positions.test_frequencies_are_those_of_the_papers,
    "frequencies.inclusive_frequencies": test_far_positions.test_inclusive_waves_are_those_of_tensor2tensor,
    "frequencies.linear": test_far_positions.test_frequencies_are_those_of_the_papers,
    "frequencies.llama3": test_far_positions.test_frequencies_are_those_of_the_papers,
    "frequencies.unscaled": test_far_positions.test_frequencies_are_those_of_the_papers,
    "frequencies.yarn": test_far_positions.test_frequencies_are_those_of_the_papers,
    "geometry.Geometry": test_far_attention.test_masks_of_long_padded_packed_texts,
    "geometry.all_to_all": test_far_attention.test_long_texts_without_a_mask,
    "geometry.geometry_of": test_far_attention.test_long_texts_with_biases,
    "geometry.token_positions": test_far_attention.test_masks_of_long_padded_packed_texts,
    "joint.Joint": test_joint.test_parts_are_what_each_matrix_gives_alone,
    "joint.Part": test_joint.test_parts_are_what_each_matrix_gives_alone,
    "joint.store_together": test_joint.test_parts_are_what_each_matrix_gives_alone,
    "latent.LatentAttention": test_far_attention.test_latent_attention_expanded_and_absorbed,
    "layers.embedding_over": test_far_layers.test_embedding_of_tokens,
    "layers.linear_over": test_far_attention.test_a_layer_over_a_parameter_multiplies_with_it,
    "losses.counted": test_far_layers.test_losses_of_a_large_vocabulary,
    "losses.cross_entropy": test_far_layers.test_losses_of_a_large_vocabulary,
    "losses.figures_of_tokens": test_far_layers.test_figures_of_a_large_vocabulary,
    "losses.judge_tokens": test_far_layers.test_figures_of_a_large_vocabulary,
    "losses.measure_tokens": test_far_layers.test_figures_of_a_large_vocabulary,
    "losses.summed": test_far_layers.test_losses_of_a_large_vocabulary,
    "losses.token_loss": test_far_layers.test_losses_of_a_large_vocabulary,
    "ngrams.NGram": test_far_ngrams.test_ngrams_of_packed_and_padded_texts,
    "ngrams.NGrams": test_far_ngrams.test_ngrams_of_packed_and_padded_texts,
    "ngrams.trailing": test_far_ngrams.test_earlier_tokens_come_before_those_of_a_call_and_its_padding,
    "norms.LayerNorm": test_far_layers.test_norms,
    "norms.RMSNorm": test_far_layers.test_norms,
    "norms.ZeroCentredRMSNorm": test_far_layers.test_norms,
    "norms.unit_rms": test_norms.test_norms_without_gradients_are_those_with_gradients_to_the_bit,
    "positions.ALiBi": test_far_positions.test_slopes_are_those_of_the_paper,
    "positions.Learned": test_far_positions.test_learned_positions_are_rows,
    "positions.LearnedGrid": test_far_positions.test_a_grid_is_interpolated_by_cubic_polynomials,
    "positions.RelativeBias": test_far_positions.test_buckets_are_those_of_the_paper,
    "positions.Rotary": test_far_positions.test_rotations_are_those_of_the_paper,
    "positions.ShortestPathBias": test_far_positions.test_paths_have_the_bias_of_their_length,
    "positions.Sinusoidal": test_far_positions.test_waves_are_those_of_the_paper,
    "positions.deinterleave": test_positions.test_deinterleaving_reorders_one_axis_and_can_be_inverted,
    "positions.interleave": test_positions.test_deinterleaved_vectors_rotate_in_the_papers_pairs,
    "positions.rotate": test_far_positions.test_rotations_are_those_of_the_paper,
    "quantized.EightBits": test_stored.test_rounded_weights_and_products_of_8_bits_are_within_half_a_step,
    "quantized.ExactSums": test_stored.test_every_kernel_of_8_bits_gives_the_same_bits,
    "quantized.FourBits": test_stored.test_4_bits_are_within_half_a_step_of_their_group,
    "quantized.IntegerSums": test_stored.test_every_kernel_of_8_bits_gives_the_same_bits,
    "quantized.InterleavedNibbles": test_stored.test_the_4_bit_kernel_is_its_dequantized_product,
    "quantized.Nibbles": test_stored.test_4_bits_without_the_operators_fall_back,
    "quantized.PackedSums": test_stored.test_every_kernel_of_8_bits_gives_the_same_bits,
    "quantized.UnpackedBytes": test_stored.test_8_bits_without_the_operators_are_the_same_bits,
    "quantized.round_rows": test_stored.test_rounded_weights_and_products_of_8_bits_are_within_half_a_step,
    "quantized.store_in_4_bits": test_stored.test_4_bits_reproduce_what_they_can_write,
    "quantized.store_in_8_bits": test_stored.test_every_kernel_of_8_bits_gives_the_same_bits,
    "quantized.usable_sums": test_stored.test_a_kernel_that_overflows_is_not_used,
    "residual.PostNorm": test_far_layers.test_residual_connections,
    "residual.PreNorm": test_far_layers.test_residual_connections,
    "residual.ResPostNorm": test_far_layers.test_residual_connections,
    "residual.Sandwich": test_far_layers.test_residual_connections,
    "stored.Columns": test_columns.test_a_product_by_columns_is_the_plain_one,
    "stored.Packed": test_stored.test_packed_is_plain,
    "stored.Plain": test_stored.test_packed_is_plain,
    "stored.StoredLinear": test_stored.test_packed_is_plain,
}
OTHERS = {
    "attention.Heads": "sizes",
    "cache.Cache": "memory: cached = uncached",
    "cache.LayerCache": "memory: cached = uncached",
    "geometry.Once": "memory: computed once",
    "dot_product.is_faster_by_products": "a choice between equal forms",
    "dot_product.is_faster_folded": "a choice between equal forms",
    "geometry.TokenPositions": "a record",
    "latent.LatentHeads": "sizes",
    "layers.dtype_of": "a look-up",
    "layers.require_axes": "a refusal",
    "layers.without_autocast": "a context",
    "plain.is_plain": "a question about layers",
    "positions.AddsToEmbeddings": "a protocol",
    "positions.BiasesScores": "a protocol",
    "positions.Rotates": "a protocol",
    "stored.Stored": "what the formats have in common",
}


def public_names() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(cutaway.nn.__path__):
        for name, thing in vars(import_module(f"cutaway.nn.{module.name}")).items():
            is_own = getattr(thing, "__module__", None) == f"cutaway.nn.{module.name}"
            if is_own and not name.startswith("_") and (inspect.isfunction(thing) or inspect.isclass(thing)):
                found.add(f"{module.name}.{name}")
    return found


def test_every_equation_is_listed_with_its_test() -> None:
    assert public_names() == EQUATIONS.keys() | OTHERS.keys()
    assert not EQUATIONS.keys() & OTHERS.keys()


def test_formulas_share_no_code_with_equations() -> None:
    assert "cutaway" not in Path(papers.__file__).read_text(encoding="utf-8").partition('"""\n')[2]
    assert "torch" not in {name for name in vars(papers) if inspect.ismodule(getattr(papers, name))}
