"""What a net sees: Grad-CAM, filters and maps, the words that carried a decision, its most confident mistakes."""
